import { type Clock, orAborted } from '@cf-audit-drain/pipeline'
import type { Producer } from 'kafkajs'
import { LogClosedError } from '../log-error.ts'
import type { Checkpoint, DeadLetter, LogEntry, PublishedBeside, PublishResult } from '../ports.ts'
import { requireCheckpoint, requireEntry } from '../publish-rules.ts'
import type { KafkaClient } from './kafka-client.ts'
import { limits, publishMsOf } from './kafka-options.ts'
import { within } from './within.ts'

/** What one publish is made of. */
export interface Publish {
  readonly entries: readonly LogEntry[]
  readonly next: Checkpoint
  readonly deadLetters: readonly DeadLetter[]
  readonly beside: PublishedBeside
}

/** JSON, with its key; the longest there are have 290. */
const windowBytes = 300

/** About how many bytes of it are to be sent, before compression. */
export function bytesOf({ entries, deadLetters, beside: { windows = [], names = [] } }: Publish): number {
  const lengths = [
    ...entries.map(entry => entry.bytes.length),
    ...deadLetters.map(({ raw }) => raw.length),
    ...names.map(({ key, value }) => key.length + (value?.length ?? 0)),
  ]
  return lengths.reduce((sum, length) => sum + length, windows.length * windowBytes)
}

interface ServiceDoor {
  readonly client: KafkaClient
  readonly clock: Clock
  /** Aborted: this process stops, and waits for no publish any longer. */
  readonly givenUp: AbortSignal
}

/**
 * What every writer on Kafka keeps to, whatever its publish is made of: a deadline that grows with what is to be sent, and
 * one error, of whatever kind, puts it out of service, for its outcome is unknown.
 */
export class WriterService {
  readonly #foundation: string
  readonly #door: ServiceDoor
  readonly #producer: Producer
  readonly #onClose: () => void
  #isBroken = false
  #isClosed = false

  constructor(foundation: string, door: ServiceDoor, producer: Producer, onClose: () => void) {
    this.#foundation = foundation
    this.#door = door
    this.#producer = producer
    this.#onClose = onClose
  }

  async publish(wanted: Publish, publish: () => Promise<PublishResult>): Promise<PublishResult> {
    if (this.#isClosed) throw new LogClosedError(`the writer of ${this.#foundation} is closed`)
    if (this.#isBroken)
      throw new LogClosedError(
        `the writer of ${this.#foundation} is out of service: close it and open another`,
      )
    try {
      requireCheckpoint(wanted.next)
      wanted.entries.forEach(requireEntry)
      const mayTakeMs = publishMsOf(bytesOf(wanted))
      const what = `publishing for ${this.#foundation}`
      const publishing = orAborted(publish(), this.#door.givenUp)
      return await within(this.#door.clock, mayTakeMs, what, publishing)
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
