import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { MadeUpConsumer, made, signal, topic } from './sink-source-for-tests.ts'

/** A source that reads `topic` of a group whose place there is `place()`, with its first delivery in hand. */
export async function delivering(
  t: TestContext,
  place: () => string,
  consumers = [new MadeUpConsumer()],
  topics = [topic],
  stop = signal,
) {
  let looks = 0
  const all = made(consumers, () => {
    looks++
    return topics
  })
  const fetchOffsets = async (asked: { readonly topics: readonly string[] }) =>
    asked.topics.map(name => ({
      topic: name,
      partitions: [{ partition: 0, offset: place(), metadata: null }],
    }))
  const asAdmin = async (ask: (admin: unknown) => Promise<unknown>) => ask({ fetchOffsets })
  Object.assign(all.client, { asAdmin })
  t.after(() => all.source.close())
  await all.source.connect(stop)
  const delivery = (await all.source.read(signal)) ?? assert.fail('closed')
  return { ...all, consumer: consumers[0] ?? assert.fail(), delivery, looks: () => looks }
}
