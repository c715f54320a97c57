import type { KafkaRecord, PartitionReader } from './partition-reader.ts'

/** What the records of a topic come to, one after the other. */
export interface Following {
  apply(record: KafkaRecord): void
}

/**
 * What a topic says, without reading it whole every time: a look goes on where the last one ended. It begins anew when
 * the last record it had is not there any more (the topic was made anew, or compaction has taken it).
 */
export class TopicFollower<T extends Following> {
  readonly #topic: string
  readonly #make: () => T
  #state: T
  #last: KafkaRecord | null = null
  #looking: Promise<unknown> = Promise.resolve()

  constructor(topic: string, make: () => T) {
    this.#topic = topic
    this.#make = make
    this.#state = make()
  }

  /** Up to what is committed now. One look at a time. */
  look(reader: PartitionReader): Promise<T> {
    const looking = this.#looking.then(() => this.#look(reader))
    this.#looking = looking.catch(() => undefined)
    return looking
  }

  async #look(reader: PartitionReader): Promise<T> {
    const earliest = await reader.edge(this.#topic, 'earliest')
    const end = await reader.edge(this.#topic, 'committed')
    if (await this.#goOn(reader, earliest, end)) return this.#state
    this.#begin()
    for await (const record of reader.read(this.#topic, earliest, end)) this.#take(record)
    return this.#state
  }

  /** False when what is there is not what was there. */
  async #goOn(reader: PartitionReader, earliest: bigint, end: bigint): Promise<boolean> {
    const known = this.#last
    if (known === null || known.offset < earliest || known.offset >= end) return false
    let isFirst = true
    for await (const record of reader.read(this.#topic, known.offset, end)) {
      if (!isFirst) this.#take(record)
      else if (!isSame(record, known)) return false
      isFirst = false
    }
    return !isFirst
  }

  #begin(): void {
    this.#state = this.#make()
    this.#last = null
  }

  #take(record: KafkaRecord): void {
    this.#state.apply(record)
    this.#last = record
  }
}

function isSame(one: KafkaRecord, other: KafkaRecord): boolean {
  const isEqual = (a: Buffer | null, b: Buffer | null) => (a === null || b === null ? a === b : a.equals(b))
  return (
    one.offset === other.offset &&
    one.timestampMs === other.timestampMs &&
    isEqual(one.key, other.key) &&
    isEqual(one.value, other.value)
  )
}
