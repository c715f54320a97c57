import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createScrubber, encodeAuditEvent, parseAuditEvent, splitEventPage } from '@cf-audit-drain/event'
import { type DeadLetter, emptyWindow, type HeldEvent, isoSec } from '@cf-audit-drain/log'
import { HeldRows, lettersMax } from './held-rows.ts'
import { Ledger } from './ledger.ts'

const sec = 1_795_315_500
const event = (guid: string, receivedAtMs: number): HeldEvent => {
  return { guid, createdAtSec: sec + 1, receivedAtMs, bytes: null }
}
const letter: DeadLetter = {
  ...{ foundation: 'f', origin: 'poller', key: 'letter', reason: 'odd', atMs: 3 },
  raw: Buffer.from(JSON.stringify({ created_at: isoSec(sec + 2) })),
}

const noEvents = async function* () {}

function rowsOf(
  letters: readonly DeadLetter[],
  eventsOf: () => AsyncIterable<HeldEvent> = noEvents,
  due: readonly number[] = [sec],
  leftOut: (letters: number) => void = () => undefined,
  isTold: (guid: string) => boolean = () => false,
) {
  const lettersOf = async function* () {
    yield* letters
  }
  const recorder = { eventsOf, ledger: new Ledger(0) }
  const { signal } = new AbortController()
  return new HeldRows({
    ...{ recorder, foundation: 'f', log: { lettersOf }, due: new Set(due) },
    ...{ isTold, leftOut, signal },
  })
}

test('an event that a log without transactions holds twice is one row, and stands for no dead letter', async () => {
  const eventsOf = async function* () {
    for (const receivedAtMs of [1, 9]) for (const guid of ['a', 'b']) yield event(guid, receivedAtMs)
  }
  const rows = rowsOf([letter], eventsOf)
  const window = { ...emptyWindow({ fromSec: sec, toSec: sec + 300 }), held: 3 }
  assert.deepEqual(
    (await rows.in(window)).map(({ guid, receivedAtMs }) => [guid, receivedAtMs]),
    [
      ['a', 1],
      ['b', 1],
      ['letter', 3],
    ],
  )
})

const windowAt = (n: number, held: number) => {
  const fromSec = sec + n * 300
  return { ...emptyWindow({ fromSec, toSec: fromSec + 300 }), held, deadLetters: held }
}
const letterAt = (key: string, atSec: number): DeadLetter => {
  return { ...letter, key, raw: Buffer.from(JSON.stringify({ created_at: isoSec(atSec) })) }
}

test('dead letters are found however many newer ones there are; of a window that has lost nothing the oldest is enough', async () => {
  const old = [letterAt('b', sec + 9), letterAt('a', sec + 8), letterAt('a', sec + 8)]
  const newer = Array.from({ length: 3_000 }, (_, n) => letterAt(`n${n}`, sec + 300 + ((n + 7) % 300)))
  let left = 0
  const rows = rowsOf([...old, ...newer], noEvents, [sec], count => {
    left += count
  })
  const guids = async (n: number, held: number) => (await rows.in(windowAt(n, held))).map(({ guid }) => guid)
  assert.deepEqual(await guids(0, 2), ['a', 'b'])
  assert.deepEqual(await guids(1, 3_000), ['n293'])
  assert.deepEqual([await guids(2, 1), left], [[], 0])
})

test('what is too much to be looked at once is said', async () => {
  const many = Array.from({ length: lettersMax + 5 }, (_, n) => letterAt(`n${n}`, sec + (n % 300)))
  const left: number[] = []
  const rows = rowsOf(many, noEvents, [sec], count => left.push(count))
  for (let look = 0; look < 2; look++)
    assert.equal((await rows.in(windowAt(0, lettersMax + 5))).length, lettersMax)
  assert.deepEqual(left, [5])
  const later = rowsOf(
    many,
    noEvents,
    [sec],
    count => left.push(count),
    guid => guid.length < 4,
  )
  assert.equal((await later.in(windowAt(0, lettersMax + 5))).length, lettersMax - 95)
  assert.deepEqual(left, [5], 'nor are those left out for ever')
})

/** Of an event that was too large for the log. */
function largeLetters() {
  const none = { actor: null, target: null, space: null, organization: null }
  const row = { guid: 'a', type: 'audit.app.update', created_at: isoSec(sec), data: {}, ...none }
  const page = `{"pagination":{"total_results":1},"resources":[${JSON.stringify(row)}]}`
  const [read] = splitEventPage(page).resources
  assert.ok(read)
  const scrubber = createScrubber({ key: Buffer.alloc(32, 7) })
  const event = parseAuditEvent(read, { foundation: 'f', scrubber, provenance: 'live', receivedAtMs: 1 })
  const large = 'x'.repeat(9 * 1024 * 1024)
  return (key: string, atSec: number, data = large): DeadLetter => {
    return { ...letter, key, raw: encodeAuditEvent({ ...event, guid: key, createdAt: isoSec(atSec), data }) }
  }
}

test('what events were that are no longer in memory, or were too large for it, keeps none of the others out', async () => {
  const largeLetterAt = largeLetters()
  const quiet = Array.from({ length: 8 }, (_, n) => largeLetterAt(`quiet ${n}`, sec + 399 - n))
  const lost = Array.from({ length: 8 }, (_, n) => largeLetterAt(`lost ${n}`, sec + n))
  const rows = rowsOf([...quiet, ...lost, largeLetterAt('small', sec + 9, 'y')])
  const told = async (n: number) => (await rows.in(windowAt(n, 9))).map(({ guid, bytes }) => [guid, !!bytes])
  assert.deepEqual(await told(1), [['quiet 7', true]])
  // Beside that one.
  assert.deepEqual(await told(0), [...lost.map(({ key }, n) => [key, n < 6]), ['small', true]])
})
