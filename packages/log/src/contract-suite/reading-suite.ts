import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogUnderTest } from './log-under-test.ts'
import { baseSec, foundation, guidsOf, makeEntries, makeEntry } from './made-up-entries.ts'

/** Tallies, and looking into the log. */
export function readingSuite(under: LogUnderTest): void {
  const { reopen, crash, publish, held } = under

  test('tallies count what is new, by type and provenance, and outlive restart and crash', async () => {
    const entries = [
      makeEntry(0, { type: 'a', provenance: 'backfill' }),
      makeEntry(1, { type: 'a', createdAtSec: baseSec + 50 }),
      makeEntry(2, { type: 'a', createdAtSec: baseSec + 20 }),
      makeEntry(3, { type: 'b' }),
    ]
    await publish(entries)
    await publish(entries)
    await crash()
    await publish([makeEntry(4, { type: 'b' })])
    await reopen()
    const tallies = (await under.log.tallies()).map(tally => [
      tally.type,
      tally.provenance,
      tally.count,
      tally.lastCreatedAtSec,
    ])
    assert.deepEqual(tallies.toSorted(), [
      ['a', 'backfill', 1, baseSec],
      ['a', 'live', 2, baseSec + 50],
      ['b', 'live', 2, baseSec + 4],
    ])
    const newest = (await under.log.tallies()).find(tally => tally.type === 'b')
    assert.equal(newest?.lastReceivedAtMs, makeEntry(4).receivedAtMs)
  })

  test('looking into the log filters by foundation and time, in either direction', async () => {
    await publish(makeEntries(0, 4))
    await publish(makeEntries(10, 1), 'c', 'another')
    assert.deepEqual(await held({ foundation }), guidsOf(makeEntries(0, 4)))
    assert.deepEqual(await held({ foundation, newestFirst: true }), guidsOf(makeEntries(0, 4)).toReversed())
    assert.deepEqual(await held({ sinceSec: baseSec + 3 }), guidsOf([makeEntry(3), makeEntry(10)]))
    assert.deepEqual(await held({ foundation: 'nowhere' }), [])
    assert.deepEqual(await held({ sinceSec: baseSec + 1_000 }), [])
  })

  test('looking into the log goes on while it is written, and comes to an end', async () => {
    await publish(makeEntries(0, 3_000))
    const seen: string[] = []
    for await (const record of under.log.events({})) {
      seen.push(record.guid)
      if (seen.length % 1_000 === 1) await publish(makeEntries(3_000 + seen.length, 10))
    }
    assert.deepEqual(seen.slice(0, 3_000), guidsOf(makeEntries(0, 3_000)))
  })
}
