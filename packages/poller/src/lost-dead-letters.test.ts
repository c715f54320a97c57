import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createScrubber,
  encodeAuditEvent,
  parseAuditEvent,
  type RawEvent,
  rawOwnEvent,
  splitEventPage,
} from '@cf-audit-drain/event'
import { isoSec, type LedgerWindow, missingOf } from '@cf-audit-drain/log'
import { lettersIn } from './held-letters.ts'
import { letterContent } from './letter-content.ts'
import { rowKey } from './row-key.ts'
import { alterWriter } from './testing/alter-writer.ts'
import { hourMs, type PolledFoundation } from './testing/polled-foundation.ts'
import { dayMs, goesOn, minuteMs, shownGuids, watchedSource } from './testing/watched-source.ts'

const guid = '0000dead-0000-4000-8000-000000000001'
const scrubber = createScrubber({ key: Buffer.alloc(32, 7) })
const encoded = (raw: RawEvent) =>
  encodeAuditEvent(parseAuditEvent(raw, { foundation: 'f', scrubber, provenance: 'live', receivedAtMs: 1 }))

/** A row that no reader can make an event of. */
function malformed(one: PolledFoundation, agoMs = 0) {
  const created_at = `${isoSec(one.agoUs(agoMs) / 1e6).slice(0, 19)}Z`
  return { text: JSON.stringify({ guid, created_at, type: ['audit.app.update'], data: {} }) }
}

/** More than are looked at when the newest are asked for. */
async function buryOthers(one: PolledFoundation): Promise<void> {
  const letter = { foundation: 'another', origin: 'poller', reason: 'odd', raw: Buffer.from('{}'), atMs: 1 }
  await one.log.bury(Array.from({ length: 1_100 }, (_, n) => ({ ...letter, key: `other ${n}` })))
}

async function withLetter(
  t: Parameters<typeof watchedSource>[0],
  agoMs = 0,
  between: (one: PolledFoundation) => Promise<void> = async () => undefined,
): Promise<PolledFoundation> {
  const one = await watchedSource(t, { days: 3, everyMin: 10 })
  one.foundation.insert([malformed(one, agoMs)])
  await goesOn(one, 3)
  assert.equal((await one.log.deadLetters(10))[0]?.key, guid)
  await between(one)
  one.foundation.delete([guid])
  return one
}

async function assertToldOnce(one: PolledFoundation) {
  const [told, ...more] = await one.told()
  assert.deepEqual(more, [])
  assert.equal(told?.type, 'cf-audit-drain.source.event-missing')
  assert.equal(told.target?.guid, guid)
  const { lost } = JSON.parse(told.data)
  assert.deepEqual([lost.guid, lost.type, lost.actor], [guid, null, null])
  assert.match(lost.dead_letter, /type/)
  assert.equal(one.poller.status().source?.suspected, 0)
}

test('a row that is held as a dead letter alone, and no longer shown, is told once with what is known of it', async t => {
  const one = await withLetter(t)
  await goesOn(one, 6)
  await assertToldOnce(one)
  await one.stop()
  await one.started()
  await goesOn(one, 4)
  await assertToldOnce(one)
})

test('so it is by a process that has not buried it itself', async t => {
  const one = await withLetter(t)
  while (one.poller.status().ledger?.gone !== 1) await one.passCalmly(minuteMs)
  assert.deepEqual(await one.told(), [])
  await one.stop()
  await one.started()
  await goesOn(one, 6)
  await assertToldOnce(one)
})

for (const [what, agoMs, isAnotherProcess] of [
  ['that is older than what is in memory is missed, too', 30 * hourMs, false],
  ['that is older than what is in memory is missed, too, after a restart', 30 * hourMs, true],
  ['of the last minutes is missed after a restart', 0, true],
] as const)
  test(`one ${what}, whatever else was buried since`, async t => {
    const one = await withLetter(t, agoMs, async one => {
      await buryOthers(one)
      if (!isAnotherProcess) return
      await one.stop()
      await one.started()
    })
    await goesOn(one, 6)
    await assertToldOnce(one)
    const lost = (await Array.fromAsync(one.log.ledger({}))).filter(({ gone }) => gone > 0)
    assert.deepEqual(
      lost.map(({ state, counted, held, deadLetters, gone }) => [
        state,
        held - (counted ?? 0),
        deadLetters,
        gone,
      ]),
      [['short', 1, 1, 1]],
    )
    await goesOn(one, 2)
    await one.stop()
    await one.started()
    await goesOn(one, 2)
    await assertToldOnce(one)
    assert.equal(one.poller.status().ledger?.gone, 1)
    assert.equal(one.poller.status().ledger?.countedOnly, 0)
  })

test('one is missed that goes while nobody polls, before its window was looked at', async t => {
  const one = await watchedSource(t, { days: 3, everyMin: 10 })
  one.foundation.insert([malformed(one)])
  await one.passCalmly(2 * minuteMs)
  assert.equal((await one.log.deadLetters(10))[0]?.key, guid)
  await one.stop()
  one.foundation.delete([guid])
  await one.started()
  await goesOn(one, 6)
  await assertToldOnce(one)
})

test('what is buried and still shown is no loss, beside one that is', async t => {
  const one = await watchedSource(t, { days: 3, everyMin: 10 })
  one.foundation.insert([malformed(one)])
  await goesOn(one, 3)
  const [lost = ''] = shownGuids(one, ago => ago > 2 * dayMs && ago < 2.2 * dayMs)
  const [near = ''] = shownGuids(one, ago => ago < 40 * minuteMs).filter(one => one !== guid)
  one.foundation.delete([lost, near])
  await goesOn(one, 6)
  assert.deepEqual(one.losses.map(loss => loss.guid).toSorted(), [lost, near].toSorted())
  assert.equal(one.poller.status().source?.suspected, 0)
})

test('what comes late into a window that has lost a dead letter is recorded, also when the window is no longer in memory', async t => {
  const one = await withLetter(t)
  const sec = Math.floor(one.agoUs(0) / 1e6)
  await goesOn(one, 6)
  await assertToldOnce(one)
  const window = (await Array.fromAsync(one.log.ledger({}))).find(({ gone }) => gone > 0)
  assert.ok(window && sec - window.fromSec < 3_600)
  assert.deepEqual([window.deadLetters, window.gone], [1, 1])
  await one.passCalmly(8 * 60 * minuteMs, 5 * minuteMs)
  const [late = ''] = one.foundation.insert([{ createdAtUs: (window.fromSec + 20) * 1e6 }])
  await goesOn(one, 4)
  assert.ok((await one.guids()).includes(late))
})

test('nothing is missing of a window of which a dead letter is gone before it is passed', async t => {
  const one = await watchedSource(t, { days: 1, everyMin: 30 })
  await one.stop()
  const short: LedgerWindow[] = []
  alterWriter(one.log, real => ({
    publish: (entries, next, letters, beside) => {
      short.push(...(beside?.windows ?? []).filter(window => missingOf(window) > 0))
      return real.publish(entries, next, letters, beside)
    },
  }))
  await one.started()
  one.foundation.insert([malformed(one), {}])
  await one.passCalmly(2 * minuteMs)
  assert.equal((await one.log.deadLetters(10))[0]?.key, guid)
  one.foundation.delete([guid])
  await one.passCalmly(20 * minuteMs)
  assert.equal(one.poller.status().ledger?.gone, 1)
  assert.deepEqual(short, [])
})

test('of a dead letter is read what it shows: a row of v3 or v2, an event that was too large, or nothing', () => {
  const createdAtSec = 1_795_315_419
  const created_at = isoSec(createdAtSec)
  const read = (value: unknown) => letterContent(Buffer.from(JSON.stringify(value)))
  const row = { createdAtSec, type: 'audit.app.update', bytes: null }
  assert.deepEqual(read({ created_at, type: 'audit.app.update', entity: undefined }), row)
  assert.deepEqual(read({ metadata: {}, entity: { timestamp: created_at, type: 'audit.app.update' } }), row)
  const none = { createdAtSec: null, type: null, bytes: null }
  for (const odd of [null, [], 7, 'x', { entity: null }, { created_at: 'yesterday', type: ['x'] }])
    assert.deepEqual(read(odd), none)
  for (const raw of ['', '{', '\u0000']) assert.deepEqual(letterContent(Buffer.from(raw)), none)
  const text = JSON.stringify({
    ...{ guid, type: 'audit.app.update', created_at, updated_at: created_at, data: {} },
    ...{ actor: null, target: null, space: null, organization: null },
  })
  const [raw] = splitEventPage(`{"pagination":{"total_results":1},"resources":[${text}]}`).resources
  assert.ok(raw)
  const bytes = encoded(raw)
  assert.deepEqual(letterContent(bytes), { ...row, bytes })
})

test('an event of our own that the log cannot hold is none of the rows that Cloud Controller may have lost', async () => {
  const createdAtSec = 1_795_315_419
  const own = rawOwnEvent('f', {
    ...{ type: 'cf-audit-drain.state.quota', subject: ['q'], createdAtSec, data: {} },
    target: { guid: 'q', type: 'organization_quota', name: 'q' },
  })
  const letter = { foundation: 'f', origin: 'poller', reason: 'too large', atMs: 1 }
  const lettersOf = async function* () {
    yield { ...letter, key: rowKey(own), raw: encoded(own) }
    yield { ...letter, key: guid, raw: Buffer.from(JSON.stringify({ created_at: isoSec(createdAtSec) })) }
  }
  const found = await Array.fromAsync(lettersIn({ lettersOf }, 'f', new AbortController().signal))
  assert.deepEqual(
    found.map(({ key }) => key),
    [guid],
  )
})
