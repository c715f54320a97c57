import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogUnderTest } from './log-under-test.ts'
import { foundation, guidsOf, letter, makeEntries } from './made-up-entries.ts'

/** What a writer stores, and what it leaves when it fails. */
export function publishingSuite(under: LogUnderTest): void {
  const { reopen, crash, publish, checkpointOf, held, tallied } = under

  test('a new log has no checkpoint, no events, no sinks and no tallies', async () => {
    assert.equal(await checkpointOf(foundation), null)
    assert.deepEqual(await held(), [])
    assert.deepEqual(await under.log.positions(), [])
    assert.deepEqual(await under.log.tallies(), [])
    assert.deepEqual(await under.log.deadLetters(10), [])
  })

  test('what was published is there after a restart, byte for byte, with its checkpoint', async () => {
    const entries = makeEntries(0, 5)
    await publish(entries, '{"through":1}')
    await reopen()
    assert.equal(await checkpointOf(foundation), '{"through":1}')
    const records = await Array.fromAsync(under.log.events({}))
    assert.deepEqual(
      records.map(record => [record.foundation, record.guid, Buffer.from(record.bytes).toString('hex')]),
      entries.map(entry => [foundation, entry.guid, Buffer.from(entry.bytes).toString('hex')]),
    )
  })

  test('what was acknowledged is there after a crash, events and checkpoint together', async () => {
    await publish(makeEntries(0, 3), 'first')
    await publish(makeEntries(3, 3), 'second')
    await crash()
    assert.equal(await checkpointOf(foundation), 'second')
    assert.deepEqual(await held(), guidsOf(makeEntries(0, 6)))
  })

  test('a publish without entries moves the checkpoint', async () => {
    assert.equal(await publish([], 'moved'), 0)
    await crash()
    assert.equal(await checkpointOf(foundation), 'moved')
  })

  test('a publish that fails half way leaves nothing behind, and its writer is out of service', async () => {
    await publish(makeEntries(0, 2), 'before')
    const writer = await under.log.writer(foundation)
    await assert.rejects(writer.publish([...makeEntries(2, 2), under.unstorable], 'after', [letter('x')]))
    await assert.rejects(writer.publish([], 'again'), /out of service|closed/)
    await writer.close()
    assert.equal(await checkpointOf(foundation), 'before')
    assert.deepEqual(await held(), guidsOf(makeEntries(0, 2)))
    assert.deepEqual(await under.log.deadLetters(10), [])
    assert.equal(await tallied(), 2)
    assert.equal(
      await publish(makeEntries(0, 4), 'after'),
      2,
      'a new writer goes on, and knows what is there',
    )
    assert.deepEqual(await held(), guidsOf(makeEntries(0, 4)))
  })

  test('a checkpoint of 4,000 bytes is taken, one more is an error', async () => {
    await publish([], 'é'.repeat(2_000))
    await assert.rejects(publish(makeEntries(0, 1), `${'é'.repeat(2_000)}.`), /4001 bytes/)
    assert.equal(await checkpointOf(foundation), 'é'.repeat(2_000))
    assert.deepEqual(await held(), [])
  })

  test('a foundation has one writer at a time', async () => {
    const first = await under.log.writer(foundation)
    await assert.rejects(under.log.writer(foundation), /writer/)
    const other = await under.log.writer('another')
    await first.close()
    await first.close()
    await assert.rejects(first.publish([], 'x'), /closed/)
    const second = await under.log.writer(foundation)
    await second.publish([], 'y')
    await second.close()
    await other.close()
  })
}
