import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RetentionPolicy } from '../ports.ts'
import { connect, take } from './delivery-taking.ts'
import type { LogUnderTest } from './log-under-test.ts'
import { baseSec, foundation, guidsOf, makeEntries, makeEntry } from './made-up-entries.ts'

const dayMs = 86_400_000

/** What pruning takes and what it leaves. */
export function retentionSuite(under: LogUnderTest): void {
  const { crash, publish, held, tallied } = under

  const old: RetentionPolicy = { maxAgeMs: dayMs, forgetGuidsAfterSec: 31 * 86_400 }
  const laterMs = baseSec * 1_000 + 5 * dayMs
  const muchLaterMs = baseSec * 1_000 + 60 * dayMs

  async function pruneAll(policy: RetentionPolicy, nowMs: number): Promise<number> {
    let pruned = 0
    for (let calls = 0; calls < 1_000; calls++) {
      const step = (await under.log.prune(policy, nowMs)).pruned
      pruned += step
      if (step === 0) return pruned
    }
    return assert.fail('prune never comes to an end')
  }
  async function deliver(sink: string, count: number): Promise<void> {
    const source = await connect(under.log, sink, count)
    await (await take(source)).settle()
    await source.close()
  }

  test('nothing goes while no sink is registered', async () => {
    await publish(makeEntries(0, 5))
    assert.equal(await pruneAll({ ...old, maxBytes: 1 }, muchLaterMs), 0)
    assert.equal((await held()).length, 5)
  })

  test('nothing goes that the slowest sink has not had, and it gets all of it', async () => {
    await publish(makeEntries(0, 10))
    await deliver('fast', 10)
    await deliver('slow', 4)
    assert.equal(await pruneAll({ ...old, maxBytes: 1 }, muchLaterMs), 4)
    assert.deepEqual(await held(), guidsOf(makeEntries(4, 6)))
    const slow = await connect(under.log, 'slow', 10)
    assert.deepEqual(
      (await take(slow)).batch.map(record => record.guid),
      guidsOf(makeEntries(4, 6)),
    )
    await slow.close()
  })

  test('a sink that has only connected holds everything back', async () => {
    await publish(makeEntries(0, 3))
    await deliver('fast', 3)
    await (await connect(under.log, 'new', 1)).close()
    assert.equal(await pruneAll(old, muchLaterMs), 0)
  })

  test('only what is older than the age goes', async () => {
    await publish([makeEntry(0), makeEntry(1), makeEntry(2, { receivedAtMs: laterMs - dayMs + 1 })])
    await deliver('siem', 3)
    assert.equal(await pruneAll(old, laterMs), 2)
    assert.deepEqual(await held(), [makeEntry(2).guid])
    assert.equal(await pruneAll({ forgetGuidsAfterSec: 1 }, laterMs), 0, 'no limit, nothing goes')
  })

  test('a pruned event is still known: it is not taken again, not even after a crash', async () => {
    await publish(makeEntries(0, 3))
    await deliver('siem', 3)
    await pruneAll(old, laterMs)
    await crash()
    assert.equal(await publish(makeEntries(0, 4)), 1)
    assert.deepEqual(await held(), [makeEntry(3).guid])
    const writer = await under.log.writer(foundation)
    assert.equal((await Array.fromAsync(writer.guids(0))).length, 4)
    await writer.close()
  })

  test('a sink that is new after a pruning gets what is left, and its lag says so', async () => {
    await publish(makeEntries(0, 5))
    await deliver('siem', 3)
    await pruneAll(old, laterMs)
    const late = await connect(under.log, 'late', 10)
    assert.equal((await under.log.positions()).find(position => position.sink === 'late')?.lag, 2)
    assert.deepEqual(
      (await take(late)).batch.map(record => record.guid),
      guidsOf(makeEntries(3, 2)),
    )
    await late.close()
  })

  test('until when what came may be forgotten is said as soon as a guid is, and not for payloads alone', async () => {
    const forgotten = async () => {
      const writer = await under.log.writer(foundation)
      const upToMs = await writer.forgottenUpToMs()
      await writer.close()
      return upToMs
    }
    const entries = makeEntries(0, 9).map((entry, i) => ({ ...entry, receivedAtMs: 1_000 * (i + 1) }))
    await publish(entries)
    await deliver('siem', 7)
    await pruneAll(old, laterMs)
    assert.equal(await forgotten(), null)
    const first = entries[0]?.createdAtSec ?? 0
    const forgetting = (count: number) => ({ ...old, forgetGuidsAfterSec: laterMs / 1000 - (first + count) })
    for (let i = 0; i < 3; i++) await under.log.prune(forgetting(4), laterMs)
    // The first that is there after the newest that is not: what is gone had come by then.
    assert.equal(await forgotten(), 5_000)
    await deliver('siem', 2)
    await pruneAll(old, laterMs)
    for (let i = 0; i < 3; i++) await under.log.prune(forgetting(9), laterMs)
    assert.equal(await forgotten(), 9_000, 'of all of them')
    await crash()
    assert.equal(await forgotten(), 9_000)
  })

  test('a guid is forgotten when its event is old enough, and its offset is never used again', async () => {
    await publish(makeEntries(0, 3))
    const source = await connect(under.log, 'siem', 10)
    const delivery = await take(source)
    const lastOffset = delivery.batch.at(-1)?.offset ?? 0
    await delivery.settle()
    await source.close()
    for (let i = 0; i < 5; i++) await under.log.prune(old, muchLaterMs)
    await crash()
    const writer = await under.log.writer(foundation)
    assert.deepEqual(await Array.fromAsync(writer.guids(0)), [])
    assert.equal(writer.checkpoint, 'c')
    await writer.close()
    assert.equal(await tallied(), 3, 'tallies outlive pruning')
    await publish(makeEntries(0, 1))
    const [again] = await Array.fromAsync(under.log.events({}))
    assert(again !== undefined && again.offset > lastOffset)
    assert.equal((await under.log.positions())[0]?.lag, 1)
  })
}
