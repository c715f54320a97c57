import { seqOf } from './event-record.ts'
import { KafkaUnavailableError } from './kafka-error.ts'
import { isolationLevel } from './kafkajs-internals.ts'
import type { KafkaRecord, PartitionReader } from './partition-reader.ts'
import { PartitionTail } from './partition-tail.ts'

const uncommitted = { level: isolationLevel.READ_UNCOMMITTED }

/**
 * The end of a topic that only its writer writes, proven by what he writes. A broker that was stopped for a while believes for
 * a moment that it leads still, and answers what was true when it stopped; what the replicas confirm is never older than they
 * are. So a writer that had read from such a broker notices with its first records, in the transaction that is not committed yet.
 */
export class ProvenTail extends PartitionTail {
  readonly #isOurs: (record: KafkaRecord) => boolean
  #isProven = false

  /** `end`: everything before it was read. `isOurs`: what an earlier writer may have written, and not somebody else. */
  constructor(topic: string, end: bigint, isOurs: (record: KafkaRecord) => boolean = () => true) {
    super(topic, end)
    this.#isOurs = isOurs
  }

  static ofEvents(topic: string, end: bigint): ProvenTail {
    return new ProvenTail(topic, end, record => seqOf(record) !== null)
  }

  /**
   * The replicas have put so many records at this offset.
   * @throws KafkaUnavailableError when not all was read that lies before them, or what was read lies there no longer
   */
  async confirmed(reader: Pick<PartitionReader, 'read'>, offset: bigint, count: number): Promise<void> {
    const { topic, end } = this
    if (offset < end)
      throw new KafkaUnavailableError(
        `${topic} went to offset ${end}, and the next record came to ${offset}: the topic was deleted and made anew, or brokers lost what they had confirmed`,
      )
    this.appended(offset, count)
    if (this.#isProven) return
    // Uncommitted, for others may keep a transaction open there. What an earlier writer gave up counts, too, and does no harm.
    const between = offset > end ? reader.read(topic, end, offset, uncommitted) : []
    for await (const record of between)
      if (this.#isOurs(record))
        throw new KafkaUnavailableError(
          `${topic} was read to offset ${end} only, and goes to ${offset}: a broker that had been away answered as if it led still; nothing of what was being published is in the log`,
        )
    this.#isProven = true
  }
}
