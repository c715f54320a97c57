import type { Clock } from '@cf-audit-drain/pipeline'
import { committedRecords } from './aborted-records.ts'
import { KafkaUnavailableError, typesOf } from './kafka-error.ts'
import {
  type Cluster,
  type FetchedPartition,
  type IsolationLevel,
  isolationLevel,
  offsetTimestamp,
  type RawRecord,
} from './kafkajs-internals.ts'
import { NearbyReplicas } from './nearby-replicas.ts'
import { patiently } from './patiently.ts'

/** A record that was committed, or was never part of a transaction. */
export interface KafkaRecord {
  readonly topic: string
  readonly offset: bigint
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer | readonly Buffer[] | undefined>>
  /** The first header of this name (ASCII), without making the others; null: there is none. */
  header?(name: string): Buffer | null
}

export interface Fetched {
  readonly topic: string
  readonly records: readonly KafkaRecord[]
  /** Where to go on; may be past the last record, for control records and aborted ones lie between. */
  readonly nextOffset: bigint
}

/** `earliest` kept, or one past the last. `committed`: what a read-committed reader can see (the last stable offset). */
export type Edge = 'earliest' | 'committed' | 'all'

export interface Reading {
  /** Read uncommitted, what was aborted or is not decided yet comes, too. */
  readonly level?: IsolationLevel
  /** Of one fetch. Whoever wants a few records asks for few: at least a whole batch comes. */
  readonly maxBytes?: number
}

/** The broker that was asked does not know what others have confirmed, or it is no longer there. */
export class TopicTooShortError extends KafkaUnavailableError {
  readonly retriable = true

  constructor(topic: string, offset: bigint, knownEnd: bigint) {
    super(
      `${topic} ends at offset ${offset} for the broker that was asked, and at ${knownEnd} for those that confirmed it: that broker was away, or the topic was deleted`,
    )
  }
}

/** A publish is over sooner, unless its writer hangs. */
const openTransactionMs = 2_000
const standstillMs = 30_000
/** Before it is asked for again. */
const leftOutMs = 250
/** Of compressed batches; unpacked they are tenfold that. */
export const bytesPerFetch = 1024 * 1024
const { READ_COMMITTED, READ_UNCOMMITTED } = isolationLevel

/**
 * Reads partition 0 of topics at offsets of the caller's choice, read-committed. kafkajs has no such reader (its
 * consumers have to join a group, and its filter of aborted records is wrong), so this one speaks to the brokers by
 * kafkajs' own protocol layer.
 */
export class PartitionReader {
  readonly cluster: Cluster
  readonly #clock: Clock
  readonly #nearby: NearbyReplicas

  /** `rack`: reads from replicas there where leaders name them; empty for from the leaders. */
  constructor(cluster: Cluster, clock: Clock, rack = '') {
    this.cluster = cluster
    this.#clock = clock
    this.#nearby = new NearbyReplicas(rack, clock)
  }

  /** One round of fetches, a request per broker; empty after `waitMs` when nothing came. */
  fetch(
    positions: ReadonlyMap<string, bigint>,
    waitMs: number,
    how: Reading = {},
  ): Promise<readonly Fetched[]> {
    return this.#withFreshMetadata([...positions.keys()], () => this.#fetch(positions, waitMs, how))
  }

  async #fetch(
    positions: ReadonlyMap<string, bigint>,
    waitMs: number,
    how: Reading,
  ): Promise<readonly Fetched[]> {
    await this.cluster.addMultipleTargetTopics([...positions.keys()])
    const byRequest = Map.groupBy(positions.keys(), topic => {
      const nodeId = this.#nearby.nodeOf(topic) ?? this.#leaderOf(topic)
      return JSON.stringify([nodeId, this.#nearby.rackFor(topic)])
    })
    const answers = await Promise.all(
      [...byRequest].map(async ([key, topics]) => {
        const [nodeId, rackId]: [string, string] = JSON.parse(key)
        const part = new Map(topics.map(topic => [topic, positions.get(topic) ?? 0n]))
        try {
          return await this.#fetchFrom({ nodeId, rackId }, part, waitMs, how)
        } catch (error) {
          // A replica may lag behind, or be down: what counts is what the leader says.
          if (!this.#nearby.avoid(topics)) throw error
          return this.#fetch(part, waitMs, how)
        }
      }),
    )
    return answers.flat()
  }

  async #fetchFrom(
    { nodeId, rackId }: { readonly nodeId: string; readonly rackId: string },
    positions: ReadonlyMap<string, bigint>,
    waitMs: number,
    { level = READ_COMMITTED, maxBytes = bytesPerFetch }: Reading,
  ): Promise<readonly Fetched[]> {
    const broker = await this.cluster.findBroker({ nodeId })
    const { responses } = await broker.fetch({
      isolationLevel: level,
      maxWaitTime: waitMs,
      minBytes: 1,
      maxBytes,
      topics: [...positions].map(([topic, offset]) => ({
        topic,
        partitions: [{ partition: 0, fetchOffset: String(offset), maxBytes }],
      })),
      rackId,
    })
    for (const { topicName, partitions } of responses)
      for (const { preferredReadReplica } of partitions) this.#nearby.named(topicName, preferredReadReplica)
    return responses.flatMap(({ topicName, partitions }) =>
      partitions.map(partition => {
        const from = positions.get(topicName) ?? 0n
        return {
          topic: topicName,
          records: committedRecords(partition, from).map(record => new CommittedRecord(topicName, record)),
          nextOffset: offsetAfter(partition, from),
        }
      }),
    )
  }

  /**
   * Everything in `[from, to)`.
   * @throws KafkaUnavailableError when nothing new comes for half a minute, as below a transaction that stays open
   */
  async *read(topic: string, from: bigint, to: bigint, how: Reading = {}): AsyncGenerator<KafkaRecord> {
    let movedMs = this.#clock.monotonic()
    for (let at = from; at < to; ) {
      const [fetched] = await patiently(this.#clock, () => this.fetch(new Map([[topic, at]]), 500, how))
      // A broker that holds a client to its quota answers at once, and leaves out what was asked for.
      const { records, nextOffset } = fetched ?? { records: [], nextOffset: at }
      for (const record of records) if (record.offset < to) yield record
      if (nextOffset > at) movedMs = this.#clock.monotonic()
      else if (this.#clock.monotonic() - movedMs > standstillMs)
        throw new KafkaUnavailableError(
          `${topic}: nothing can be read from offset ${at}, though it goes to ${to}`,
        )
      if (fetched === undefined) await this.#clock.sleep(leftOutMs)
      at = nextOffset
    }
  }

  /**
   * A commit is answered a moment before its records are visible: `committed` waits for what the brokers had when it was
   * asked, but not for a transaction that stays open. `knownEnd`: as far as the replicas have confirmed it; a broker that answers less
   * does not know yet that it leads no longer.
   * @throws TopicTooShortError when the topic stays shorter than `knownEnd`
   */
  async edge(topic: string, edge: Edge, knownEnd = 0n): Promise<bigint> {
    if (edge === 'earliest') return this.#listOffset(topic, offsetTimestamp.EARLIEST, READ_UNCOMMITTED)
    const end = await this.#listOffset(topic, offsetTimestamp.LATEST, READ_UNCOMMITTED, knownEnd)
    if (edge === 'all') return end
    const startedMs = this.#clock.monotonic()
    for (;;) {
      const stable = await this.#listOffset(topic, offsetTimestamp.LATEST, READ_COMMITTED)
      if (stable >= end) return end
      if (this.#clock.monotonic() - startedMs > openTransactionMs) return stable
      await this.#clock.sleep(5)
    }
  }

  /** The last committed record that is wanted; null when there is none. */
  async last(
    topic: string,
    isWanted: (record: KafkaRecord) => boolean = () => true,
  ): Promise<KafkaRecord | null> {
    const [from, to] = [await this.edge(topic, 'earliest'), await this.edge(topic, 'committed')]
    // Control records and aborted ones lie between: look further and further back.
    for (let back = 4n; ; back *= 8n) {
      const start = later(to - back, from)
      let last: KafkaRecord | null = null
      for await (const record of this.read(topic, start, to)) if (isWanted(record)) last = record
      if (last !== null || start === from) return last
    }
  }

  /** The first record stamped at or after `ms`; null when there is none. */
  async offsetAt(topic: string, ms: number): Promise<bigint | null> {
    const offset = await this.#listOffset(topic, Math.max(0, Math.floor(ms)), READ_UNCOMMITTED)
    return offset < 0n ? null : offset
  }

  async close(): Promise<void> {
    await this.cluster.disconnect()
  }

  /**
   * A leader that has moved is learned from the brokers before the next attempt; whoever asked tries again. Only the
   * topics of that attempt: one that was deleted must not fail the others for ever.
   */
  async #withFreshMetadata<T>(topics: readonly string[], ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      if (!typesOf(error).includes('OFFSET_OUT_OF_RANGE')) {
        this.cluster.targetTopics.clear()
        for (const topic of topics) this.cluster.targetTopics.add(topic)
        await this.cluster.refreshMetadata().catch(() => undefined)
      }
      throw error
    }
  }

  /** `knownEnd`: where the end is asked for; a time that nothing was stamped after has the offset -1. */
  #listOffset(topic: string, timestamp: number, level: IsolationLevel, knownEnd = -1n): Promise<bigint> {
    return patiently(this.#clock, () =>
      this.#withFreshMetadata([topic], async () => {
        const offset = await this.#askOffset(topic, timestamp, level)
        if (offset < knownEnd) throw new TopicTooShortError(topic, offset, knownEnd)
        return offset
      }),
    )
  }

  async #askOffset(topic: string, timestamp: number, level: IsolationLevel): Promise<bigint> {
    await this.cluster.addMultipleTargetTopics([topic])
    const broker = await this.cluster.findBroker({ nodeId: this.#leaderOf(topic) })
    const { responses } = await broker.listOffsets({
      isolationLevel: level,
      topics: [{ topic, partitions: [{ partition: 0, timestamp }] }],
    })
    const offset = responses[0]?.partitions[0]?.offset
    if (offset === undefined) throw new KafkaUnavailableError(`${topic}: the broker named no offset`)
    return BigInt(offset)
  }

  #leaderOf(topic: string): string {
    const [leader] = Object.keys(this.cluster.findLeaderForPartitions(topic, [0]))
    if (leader === undefined || leader === '-1')
      throw Object.assign(new KafkaUnavailableError(`${topic}: partition 0 has no leader now`), {
        retriable: true,
      })
    return leader
  }
}

/**
 * Past the last whole batch that came, for batches may end with records that nobody sees. An answer without records
 * says nothing of what is there: the room may have gone to other topics.
 */
function offsetAfter({ messages }: FetchedPartition, from: bigint): bigint {
  const last = messages.at(-1)
  if (last === undefined) return from
  const { firstOffset, lastOffsetDelta } = last.batchContext ?? {
    firstOffset: last.offset,
    lastOffsetDelta: 0,
  }
  const next = BigInt(firstOffset) + BigInt(lastOffsetDelta) + 1n
  return next > from ? next : from
}

class CommittedRecord implements KafkaRecord {
  readonly topic: string
  readonly offset: bigint
  readonly timestampMs: number
  readonly #raw: RawRecord

  constructor(topic: string, raw: RawRecord) {
    this.topic = topic
    this.offset = BigInt(raw.offset)
    this.timestampMs = Number(raw.timestamp)
    this.#raw = raw
  }

  get key(): Buffer | null {
    return this.#raw.key
  }

  get value(): Buffer | null {
    return this.#raw.value
  }

  get headers(): KafkaRecord['headers'] {
    return this.#raw.headers ?? {}
  }

  header(name: string): Buffer | null {
    if (this.#raw.header !== undefined) return this.#raw.header(name)
    return [this.headers[name] ?? []].flat()[0] ?? null
  }
}

/** Math.max takes no bigint. */
function later(a: bigint, b: bigint): bigint {
  return a < b ? b : a
}
