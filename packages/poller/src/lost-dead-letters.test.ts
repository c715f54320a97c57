import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createScrubber, encodeAuditEvent, parseAuditEvent, splitEventPage } from '@cf-audit-drain/event'
import { isoSec } from '@cf-audit-drain/log'
import { letterContent } from './letter-content.ts'
import { hourMs, type PolledFoundation } from './testing/polled-foundation.ts'
import { dayMs, goesOn, minuteMs, shownGuids, watchedSource } from './testing/watched-source.ts'

const guid = '0000dead-0000-4000-8000-000000000001'

/** A row that no reader can make an event of. */
function malformed(one: PolledFoundation, agoMs = 0) {
  const created_at = `${isoSec(one.agoUs(agoMs) / 1e6).slice(0, 19)}Z`
  return { text: JSON.stringify({ guid, created_at, type: ['audit.app.update'], data: {} }) }
}

async function withLetter(t: Parameters<typeof watchedSource>[0], agoMs = 0): Promise<PolledFoundation> {
  const one = await watchedSource(t, { days: 3, everyMin: 10 })
  one.foundation.insert([malformed(one, agoMs)])
  await goesOn(one, 3)
  assert.equal((await one.log.deadLetters(10))[0]?.key, guid)
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

for (const isAnotherProcess of [false, true])
  test(`one that is older than what is in memory is missed, too${isAnotherProcess ? ', after a restart' : ''}`, async t => {
    const one = await withLetter(t, 30 * hourMs)
    if (isAnotherProcess) {
      await one.stop()
      await one.started()
    }
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
  const scrubber = createScrubber({ key: Buffer.alloc(32, 7) })
  const context = { foundation: 'f', scrubber, provenance: 'live', receivedAtMs: 1 } as const
  const bytes = encodeAuditEvent(parseAuditEvent(raw, context))
  assert.deepEqual(letterContent(bytes), { ...row, bytes })
})
