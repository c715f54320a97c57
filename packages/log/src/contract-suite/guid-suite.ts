import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogEntry } from '../ports.ts'
import type { LogUnderTest } from './log-under-test.ts'
import { baseSec, bytesOf, foundation, guidsOf, makeEntries, makeEntry } from './made-up-entries.ts'

/** Each event once, by its guid. */
export function guidSuite(under: LogUnderTest): void {
  const { reopen, crash, publish, checkpointOf, held } = under

  test('a guid is kept once: within a batch, in a later batch, after a restart and after a crash', async () => {
    const [one, two, three] = makeEntries(0, 3) as [LogEntry, LogEntry, LogEntry]
    assert.equal(await publish([one, two, { ...one, bytes: bytesOf('other') }]), 2)
    assert.equal(await publish([two, three]), 1)
    await reopen()
    assert.equal(await publish([one, two, three]), 0)
    await crash()
    assert.equal(await publish([three, one]), 0)
    const records = await Array.fromAsync(under.log.events({}))
    assert.deepEqual(
      records.map(record => record.guid),
      guidsOf([one, two, three]),
    )
    assert.deepEqual(
      Buffer.from(records[0]?.bytes ?? []),
      Buffer.from(one.bytes),
      'the first one stays as it was',
    )
  })

  test('a duplicate is recognised by its guid alone, whatever else about it changed', async () => {
    const [entry] = makeEntries(0, 1) as [LogEntry]
    await publish([entry])
    const changed = {
      ...entry,
      type: 'audit.app.delete-request',
      createdAtSec: baseSec + 999,
      provenance: 'replay',
    } as const
    assert.equal(await publish([changed]), 0)
  })

  test('the same guid in two foundations is two events', async () => {
    await publish(makeEntries(0, 2), 'a', 'east')
    assert.equal(await publish(makeEntries(0, 2), 'b', 'west'), 2)
    assert.deepEqual(
      (await Array.fromAsync(under.log.events({ foundation: 'west' }))).map(record => record.foundation),
      ['west', 'west'],
    )
    assert.equal(await checkpointOf('east'), 'a')
    assert.equal(await checkpointOf('west'), 'b')
  })

  test('guids that are no UUID, or nearly one, are kept as they are and apart', async () => {
    const uuid = '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9'
    const guids = [
      uuid,
      uuid.toUpperCase(),
      uuid.replaceAll('-', ''),
      uuid.replaceAll('-', '_'),
      `${uuid.slice(0, 35)}g`,
      `${uuid} `,
      'system',
      'Grüße-日本-🚀',
      'with\0nul',
      'with',
      "'; DROP TABLE events; --",
    ]
    const entries = guids.map((guid, i) => makeEntry(i, { guid }))
    assert.equal(await publish(entries), guids.length)
    assert.equal(await publish(entries), 0)
    assert.deepEqual(await held(), guids)
  })

  test('a guid that UTF-8 cannot keep is refused with its batch: two of them would become one', async () => {
    for (const guid of ['\ud800', 'with \udc00 in it', ''])
      await assert.rejects(publish([makeEntry(0), makeEntry(1, { guid })]), /well-formed/)
    assert.deepEqual(await held(), [])
    assert.equal(await publish([makeEntry(0)]), 1)
  })

  test('the guids of the last while are listed oldest first, with their second', async () => {
    const entries = [5, 1, 3, 1, 9].map((second, i) => makeEntry(i, { createdAtSec: baseSec + second }))
    await publish(entries)
    await publish(makeEntries(0, 2), 'c', 'another')
    const writer = await under.log.writer(foundation)
    const listed = await Array.fromAsync(writer.guids(baseSec + 3))
    assert.deepEqual(
      listed.map(({ guid, createdAtSec }) => ({ guid, createdAtSec })),
      [2, 0, 4].map(i => ({ guid: entries[i]?.guid, createdAtSec: entries[i]?.createdAtSec })),
    )
    await writer.close()
  })

  test('the listing of guids is complete and without repetition when there are many', async () => {
    const entries = makeEntries(0, 12_000).map((entry, i) => ({
      ...entry,
      createdAtSec: baseSec + (i % 7),
    }))
    await publish(entries)
    const writer = await under.log.writer(foundation)
    const guids = (await Array.fromAsync(writer.guids(0))).map(row => row.guid)
    assert.deepEqual(guids.toSorted(), guidsOf(entries).toSorted())
    await writer.close()
  })
}
