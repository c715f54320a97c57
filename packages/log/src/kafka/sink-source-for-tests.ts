import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { type Clock, systemClock } from '@cf-audit-drain/pipeline'
import type { KafkaClient } from './kafka-client.ts'
import { kafkaDefaults } from './kafka-options.ts'
import { Names } from './names.ts'
import type { Fetched } from './partition-reader.ts'
import { KafkaSinkSource } from './sink-source.ts'

export const topic = 'cf-audit.events.lab'
export const { signal } = new AbortController()
/** All limits and rests are a hundredth of what they are. */
export const fastClock: Clock = { ...systemClock, sleep: (ms, stop) => systemClock.sleep(ms / 100, stop) }

/** A member as kafkajs' consumer is one, its silence about commits while it stops included. */
export class MadeUpConsumer extends EventEmitter {
  readonly events = {
    GROUP_JOIN: 'j',
    REBALANCING: 'r',
    HEARTBEAT: 'h',
    CRASH: 'c',
    DISCONNECT: 'd',
    STOP: 's',
    REQUEST: 'q',
    COMMIT_OFFSETS: 'o',
  }
  assignment: Readonly<Record<string, readonly number[]>> = { [topic]: [0] }
  isRunning = true
  isJoining = false
  committed: string[] = []
  mayJoin: Promise<unknown> = Promise.resolve()
  mayLeave: Promise<unknown> = Promise.resolve()
  beforeCommit: () => void = () => undefined
  left = 0

  listen(event: string, listener: (event: { payload: unknown }) => void): () => void {
    super.on(event, listener)
    return () => super.off(event, listener)
  }
  async connect() {}
  async subscribe() {}
  pause() {}
  async run() {
    this.isJoining = true
    await this.mayJoin
    this.emit('j', { payload: { memberAssignment: this.assignment } })
  }
  async commitOffsets(
    offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: string }[],
  ) {
    if (!this.isRunning) return
    this.beforeCommit()
    for (const { topic: name, partition, offset } of offsets) {
      this.committed.push(offset)
      this.emit('o', { payload: { topics: [{ topic: name, partitions: [{ partition, offset }] }] } })
    }
  }
  async disconnect() {
    this.left++
    this.isRunning = false
    await this.mayLeave
    this.emit('s', { payload: null })
    this.emit('d', { payload: null })
  }
}

/** As many rounds of the event loop as a loop that does not stop would need to be seen. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await setImmediate()
}

/** Of what is told of troubles. */
export function isNothing(told: unknown): boolean {
  return told === null || (Array.isArray(told) && told.length === 0)
}

export function made(
  consumers: MadeUpConsumer[],
  topics: () => readonly string[],
  {
    bytes = 5,
    batchMax = 1,
    committed = '0',
    hidden = (): readonly string[] => [],
    settleBy = new AbortController().signal,
  } = {},
) {
  let handedOut = 0
  const failures: Error[] = []
  const twice: number[] = []
  /** What was told of troubles, and of their end. */
  const interrupted: unknown[] = []
  const log = Array.from({ length: 100 }, (_, i) => BigInt(i))
  const value = Buffer.alloc(bytes)
  const fetches: bigint[] = []
  const reader = {
    edge: async () => 0n,
    close: async () => undefined,
    fetch: async (from: ReadonlyMap<string, bigint>): Promise<readonly Fetched[]> => {
      await setImmediate()
      return [...from].map(([name, at]) => {
        fetches.push(at)
        const offsets = log.filter(offset => offset >= at).slice(0, 1)
        const records = offsets.map(offset => ({
          topic: name,
          offset,
          timestampMs: 0,
          key: Buffer.from(String(offset)),
          value,
          headers: {},
        }))
        return { topic: name, records, nextOffset: at + BigInt(offsets.length) }
      })
    },
  }
  const client = {
    consumer: () => {
      const consumer = consumers[handedOut++] ?? assert.fail('one join too many')
      // As in kafkajs: what it gives back takes the listener away.
      return Object.assign(consumer, { on: consumer.listen })
    },
    drop: (one: MadeUpConsumer) => void one.disconnect(),
    asAdmin: async (ask: (admin: unknown) => Promise<unknown>) =>
      ask({
        fetchOffsets: async () => [
          { topic, partitions: [{ partition: 0, offset: committed, metadata: null }] },
        ],
      }),
    topicNames: async () => [],
    forgetTopics: () => undefined,
    reader: async () => reader,
    newReader: async () => reader,
  } as unknown as KafkaClient
  const source = new KafkaSinkSource('siem', batchMax, {
    client,
    names: new Names('cf-audit'),
    settings: { ...kafkaDefaults, brokers: [], topicRefreshMs: 1_000 },
    clock: fastClock,
    topics: async () => ({ shown: topics(), implied: [], configured: [] }),
    hiddenTopics: async () => new Set(hidden()),
    claim: () => undefined,
    release: () => undefined,
    requireRights: async () => undefined,
    explain: async error => error,
    settleBy,
    observer: {
      failed: error => failures.push(error),
      deliveredTwice: records => twice.push(records),
      interrupted: told => interrupted.push(told),
    },
  })
  return { client, source, failures, fetches, reader, twice, interrupted }
}
