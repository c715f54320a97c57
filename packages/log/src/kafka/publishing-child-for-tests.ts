import { writeSync } from 'node:fs'
import { seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { makeEntry } from '../contract-suite.ts'
import { openKafkaLog } from './kafka-log.ts'
import type { Delivery } from './kafka-options.ts'

/**
 * A process for tests that kill it: publishes one event after the other, in batches, from where its checkpoint says,
 * up to `total`; says the checkpoint of each publish that was answered, and ends.
 */
export const childPath = import.meta.filename

export interface ChildOrders {
  readonly brokers: readonly string[]
  readonly prefix: string
  readonly delivery: Delivery
  readonly total: number
  readonly seed: number
}

async function publishAll({ brokers, prefix, delivery, total, seed }: ChildOrders): Promise<void> {
  const options = {
    brokers,
    prefix,
    delivery,
    createTopics: { replicationFactor: 1 },
    requestBytesMax: 20_000,
  }
  const log = openKafkaLog(options, { clock: systemClock })
  const writer = await log.writer('lab')
  const random = seededRandom(seed)
  const bytes = new Uint8Array(450)
  for (let at = Number(writer.checkpoint ?? 0); at < total; ) {
    const size = Math.min(total - at, 1 + Math.floor(random() * 200))
    const entries = Array.from({ length: size }, (_, i) => makeEntry(at + i, { bytes }))
    at += size
    await writer.publish(entries, String(at))
    // At once, not when the event loop gets to it: the parent may kill us.
    writeSync(1, `${at}\n`)
  }
  await writer.close()
  await log.close()
}

if (import.meta.main) await publishAll(JSON.parse(process.argv[2] ?? ''))
