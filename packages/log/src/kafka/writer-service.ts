import type { Clock } from '@cf-audit-drain/pipeline'
import type { Producer } from 'kafkajs'
import { LogClosedError } from '../log-error.ts'
import type { Checkpoint, DeadLetter, LogEntry, PublishResult } from '../ports.ts'
import { requireCheckpoint, requireEntry } from '../publish-rules.ts'
import type { KafkaClient } from './kafka-client.ts'
import { limits, publishMsOf } from './kafka-options.ts'
import { within } from './within.ts'

/**
 * What every writer on Kafka keeps to, whatever its publish is made of: a deadline that grows with what is to be sent, and
 * one error, of whatever kind, puts it out of service, for its outcome is unknown.
 */
export class WriterService {
  readonly #foundation: string
  readonly #door: { readonly client: KafkaClient; readonly clock: Clock }
  readonly #producer: Producer
  readonly #onClose: () => void
  #isBroken = false
  #isClosed = false

  constructor(
    foundation: string,
    door: { readonly client: KafkaClient; readonly clock: Clock },
    producer: Producer,
    onClose: () => void,
  ) {
    this.#foundation = foundation
    this.#door = door
    this.#producer = producer
    this.#onClose = onClose
  }

  async publish(
    entries: readonly LogEntry[],
    next: Checkpoint,
    deadLetters: readonly DeadLetter[],
    publish: () => Promise<PublishResult>,
  ): Promise<PublishResult> {
    if (this.#isClosed) throw new LogClosedError(`the writer of ${this.#foundation} is closed`)
    if (this.#isBroken)
      throw new LogClosedError(
        `the writer of ${this.#foundation} is out of service: close it and open another`,
      )
    try {
      requireCheckpoint(next)
      entries.forEach(requireEntry)
      const bytes = [...entries.map(entry => entry.bytes), ...deadLetters.map(({ raw }) => raw)]
      const mayTakeMs = publishMsOf(bytes.reduce((sum, { length }) => sum + length, 0))
      return await within(this.#door.clock, mayTakeMs, `publishing for ${this.#foundation}`, publish())
    } catch (error) {
      this.#isBroken = true
      this.#door.client.drop(this.#producer)
      throw error
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (!this.#isBroken)
      await within(this.#door.clock, limits.closeMs, 'closing', this.#producer.disconnect()).catch(
        () => undefined,
      )
    this.#onClose()
  }
}
