import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, take } from './delivery-taking.ts'
import type { LogUnderTest } from './log-under-test.ts'
import { guidsOf, makeEntries, makeEntry } from './made-up-entries.ts'

/** What a sink gets, and where it goes on. */
export function deliverySuite(under: LogUnderTest): void {
  const { reopen, crash, publish } = under

  test('a sink reads every record in order, in batches no larger than asked for', async () => {
    await publish(makeEntries(0, 7))
    const source = await connect(under.log, 'siem', 3)
    const batches: string[][] = []
    const offsets: number[] = []
    while (batches.flat().length < 7) {
      const delivery = await take(source)
      assert(delivery.batch.length <= 3)
      batches.push(delivery.batch.map(record => record.guid))
      offsets.push(...delivery.batch.map(record => record.offset))
      await delivery.settle()
    }
    assert.deepEqual(batches.flat(), guidsOf(makeEntries(0, 7)))
    assert.deepEqual(
      offsets,
      [...new Set(offsets)].toSorted((a, b) => a - b),
      'offsets grow',
    )
    await source.close()
  })

  test('a delivery that failed comes again, the same', async () => {
    await publish(makeEntries(0, 4))
    const source = await connect(under.log, 'siem', 2)
    const first = await take(source)
    await first.settle(new Error('the receiver is down'))
    await publish(makeEntries(4, 2))
    const again = await take(source)
    assert.deepEqual(
      again.batch.map(record => record.guid),
      first.batch.map(record => record.guid),
    )
    await again.settle()
    assert.deepEqual(
      (await take(source)).batch.map(record => record.guid),
      guidsOf(makeEntries(2, 2)),
    )
    await source.close()
  })

  test('of a delivery that broke off what was delivered does not come again, nor after a crash', async () => {
    await publish(makeEntries(0, 6))
    const source = await connect(under.log, 'siem', 4)
    await (await take(source)).settle(new Error('stopped'), 1)
    const rest = await take(source)
    assert.deepEqual(
      rest.batch.map(record => record.guid),
      guidsOf(makeEntries(1, 5)).slice(0, rest.batch.length),
    )
    await rest.settle(new Error('stopped'), 2)
    await crash()
    const after = await connect(under.log, 'siem', 4)
    const left = await take(after)
    assert.deepEqual(
      left.batch.map(record => record.guid),
      guidsOf(makeEntries(3, 3)),
    )
    await left.settle()
    await after.close()
  })

  test('a settled cursor survives restart and crash; an unsettled delivery comes again', async () => {
    await publish(makeEntries(0, 6))
    const before = await connect(under.log, 'siem', 2)
    await (await take(before)).settle()
    await take(before)
    await crash()
    const after = await connect(under.log, 'siem', 2)
    const delivery = await take(after)
    assert.deepEqual(
      delivery.batch.map(record => record.guid),
      guidsOf(makeEntries(2, 2)),
    )
    await delivery.settle()
    await after.close()
    await reopen()
    const last = await connect(under.log, 'siem', 10)
    assert.deepEqual(
      (await take(last)).batch.map(record => record.guid),
      guidsOf(makeEntries(4, 2)),
    )
    await last.close()
  })

  test('every sink has its own cursor, and a new one begins at the beginning', async () => {
    await publish(makeEntries(0, 3))
    const fast = await connect(under.log, 'fast', 10)
    await (await take(fast)).settle()
    const slow = await connect(under.log, 'slow', 1)
    await (await take(slow)).settle()
    const late = await connect(under.log, 'late', 10)
    assert.deepEqual(
      (await take(late)).batch.map(record => record.guid),
      guidsOf(makeEntries(0, 3)),
    )
    const positions = await under.log.positions()
    assert.deepEqual(positions.map(({ sink, lag }) => [sink, lag]).toSorted(), [
      ['fast', 0],
      ['late', 3],
      ['slow', 2],
    ])
    for (const source of [fast, slow, late]) await source.close()
  })

  test('one sink has one source at a time', async () => {
    const first = await connect(under.log, 'siem', 1)
    await assert.rejects(connect(under.log, 'siem', 1), /siem/)
    await first.close()
    await (await connect(under.log, 'siem', 1)).close()
  })

  test('a position names the oldest record the sink has not had', async () => {
    await publish(makeEntries(0, 3))
    const source = await connect(under.log, 'siem', 2)
    const delivery = await take(source)
    assert.equal((await under.log.positions())[0]?.oldestUndeliveredMs, makeEntry(0).receivedAtMs)
    await delivery.settle()
    assert.equal((await under.log.positions())[0]?.oldestUndeliveredMs, makeEntry(2).receivedAtMs)
    await (await take(source)).settle()
    assert.equal((await under.log.positions())[0]?.oldestUndeliveredMs, null)
    await source.close()
  })

  test('to read before settling, or to settle twice, is a fault of the program', async () => {
    await publish(makeEntries(0, 2))
    const source = await connect(under.log, 'siem', 1)
    const delivery = await take(source)
    await assert.rejects(take(source), /settled/)
    await delivery.settle()
    await assert.rejects(delivery.settle(), /twice/)
    await source.close()
  })

  test('a source that is not connected says so, and is closed safely', async () => {
    const source = under.log.source('siem', { batchMax: 1 })
    await assert.rejects(source.read(new AbortController().signal), { name: 'NotConnectedError' })
    await source.close()
  })
}
