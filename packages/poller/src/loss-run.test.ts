import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyWindow, type HeldEvent } from '@cf-audit-drain/log'
import { cleanUpTakesSec, mayBeCleanUp, runsOf, stretchesOf } from './loss-run.ts'

const daySec = 86_400
const window = { ...emptyWindow({ fromSec: 0, toSec: 300 }), held: 9 }
const events = (text: string): readonly HeldEvent[] =>
  text.split(' ').map((guid, i) => ({ guid, createdAtSec: Math.floor(i / 2), receivedAtMs: 0, bytes: null }))
const shape = (text: string, startsLost = false) =>
  stretchesOf(window, events(text), guid => guid.startsWith('-'), startsLost).map(
    ({ isLost, count }) => `${isLost ? 'lost' : 'there'} ${count}`,
  )

test('a window is cut where lost events and others meet; within a second what goes on comes first', () => {
  assert.deepEqual(shape('a b c d'), ['there 4'])
  assert.deepEqual(shape('a b -c -d'), ['there 2', 'lost 2'])
  assert.deepEqual(shape('a -b -c -d'), ['there 1', 'lost 3'])
  assert.deepEqual(shape('-a b c d', true), ['lost 1', 'there 3'])
  assert.deepEqual(shape('b -a -c d', true), ['lost 1', 'there 2', 'lost 1'])
  assert.deepEqual(shape('-a -b c d -e -f'), ['lost 2', 'there 2', 'lost 2'])
})

test('runs are what is lost without anything between, over windows, with their neighbours', () => {
  const at = (text: string) => stretchesOf(window, events(text), guid => guid.startsWith('-'), false)
  const runs = runsOf([...at('a b -c -d'), ...at('-e -f'), ...at('-g -h i j'), ...at('-k -l')])
  assert.deepEqual(
    runs.map(({ count, before, after }) => [count, before?.count ?? null, after?.count ?? null]),
    [
      [6, 2, 2],
      [2, 2, null],
    ],
  )
})

test('only a cut whole days back from a moment of the span may be the clean-up', () => {
  const untilSec = 100 * daySec
  const when = { sinceSec: untilSec - 600 - cleanUpTakesSec, untilSec }
  const cut = (agoSec: number) => ({ lastLostSec: untilSec - agoSec - 30, firstThereSec: untilSec - agoSec })
  for (const days of [1, 7, 31]) {
    assert.ok(mayBeCleanUp(cut(days * daySec), when), `${days} days back`)
    assert.ok(mayBeCleanUp(cut(days * daySec + 4_000), when), `${days} days back, an hour ago`)
    assert.equal(mayBeCleanUp(cut(days * daySec + 6_000), when), false)
    assert.equal(mayBeCleanUp(cut(days * daySec - 600), when), false)
  }
  assert.equal(mayBeCleanUp(cut(3_600), when), false, 'it keeps a day at least')
  assert.ok(
    mayBeCleanUp({ lastLostSec: untilSec - 5.7 * daySec, firstThereSec: untilSec - 4.9 * daySec }, when),
    'nothing was held between: it may have been anywhere there',
  )
  assert.ok(
    mayBeCleanUp(cut(3.4 * daySec), { ...when, sinceSec: -Infinity }),
    'nobody looked: any day may have been the one',
  )
})
