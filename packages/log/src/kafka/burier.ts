import type { Clock } from '@cf-audit-drain/pipeline'
import type { Producer } from 'kafkajs'
import { isPassing } from '../is-passing.ts'
import { LogClosedError } from '../log-error.ts'
import type { DeadLetter } from '../ports.ts'
import { deadLetterMessages } from './dead-letters.ts'
import type { KafkaClient } from './kafka-client.ts'
import { KafkaStateError, KafkaUnavailableError } from './kafka-error.ts'
import { limits } from './kafka-options.ts'
import { CompressionTypes } from './kafkajs-door.ts'
import { within } from './within.ts'

export interface BurierDoor {
  readonly client: KafkaClient
  readonly topic: string
  readonly clock: Clock
  requireTopic(foundation: string): Promise<void>
  /** A refusal with the rights that are missing; any other error as it is. */
  explained(error: unknown): Promise<Error>
}

/** Writes dead letters, by a producer that is made when the first comes. */
export class Burier {
  readonly #door: BurierDoor
  #producer: Promise<Producer> | null = null

  constructor(door: BurierDoor) {
    this.#door = door
  }

  async bury(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return
    try {
      // Whoever buries for a sink need not see the other topics.
      await this.#door.requireTopic(letters[0]?.foundation ?? '')
      await this.#send(letters)
    } catch (error) {
      throw await this.#whyNot(error)
    }
  }

  /** Without waiting for what is under way. */
  close(): void {
    this.#producer?.then(producer => this.#door.client.drop(producer)).catch(() => undefined)
  }

  async #send(letters: readonly DeadLetter[]): Promise<void> {
    const { client, topic, clock } = this.#door
    this.#producer ??= client.idempotentProducer()
    const connecting = this.#producer
    try {
      for (const message of letters.flatMap(deadLetterMessages)) {
        const sending = (await connecting).send({
          topic,
          messages: [message],
          acks: -1,
          compression: CompressionTypes.ZSTD,
        })
        await within(clock, limits.publishMs, 'burying a dead letter', sending)
      }
    } catch (error) {
      // Another sink may have made a new one meanwhile.
      if (this.#producer === connecting) this.#producer = null
      connecting.then(producer => client.drop(producer)).catch(() => undefined)
      throw error
    }
  }

  /** Of what kafkajs says itself nothing is for ever. */
  async #whyNot(thrown: unknown): Promise<Error> {
    const error = await this.#door.explained(thrown)
    if (isPassing(error) || error instanceof KafkaStateError || error instanceof LogClosedError) return error
    return new KafkaUnavailableError(`${this.#door.topic} took no dead letter: ${error.message}`, {
      cause: error,
    })
  }
}
