import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, take } from './delivery-taking.ts'
import type { LogUnderTest } from './log-under-test.ts'
import { guidsOf, makeEntries } from './made-up-entries.ts'

/** Reads that wait for records. */
export function waitingSuite(under: LogUnderTest): void {
  const { publish } = under

  test('a waiting read is woken by a publish, and every waiting sink is', async () => {
    const sources = [await connect(under.log, 'one', 10), await connect(under.log, 'two', 10)]
    const waiting = sources.map(take)
    await publish(makeEntries(0, 1))
    for (const delivery of await Promise.all(waiting)) {
      assert.deepEqual(
        delivery.batch.map(record => record.guid),
        guidsOf(makeEntries(0, 1)),
      )
      await delivery.settle()
    }
    for (const source of sources) await source.close()
  })

  test('a waiting read is ended by its signal with the reason, and another read goes on', async () => {
    const source = await connect(under.log, 'siem', 10)
    const controller = new AbortController()
    const waiting = source.read(controller.signal)
    controller.abort(new Error('enough'))
    await assert.rejects(waiting, /enough/)
    await assert.rejects(source.read(controller.signal), /enough/)
    await publish(makeEntries(0, 1))
    assert.equal((await take(source)).batch.length, 1)
    await source.close()
  })

  test('a waiting read ends with null when its source or the log is closed', async () => {
    const source = await connect(under.log, 'one', 10)
    const waiting = source.read(new AbortController().signal)
    await source.close()
    await source.close()
    assert.equal(await waiting, null)
    const other = await connect(under.log, 'two', 10)
    const alsoWaiting = other.read(new AbortController().signal)
    await under.log.close()
    await under.log.close()
    assert.equal(await alsoWaiting, null)
    await other.close()
  })
}
