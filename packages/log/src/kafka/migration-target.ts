import { createHash } from 'node:crypto'
import { asError, type Clock } from '@cf-audit-drain/pipeline'
import type { Message, Producer, Transaction } from 'kafkajs'
import type { LedgerWindow } from '../ledger/ledger-window.ts'
import type { StoredEvent } from '../migrate/stored-event.ts'
import type { Checkpoint, DeadLetter, NameRecord, Tally } from '../ports.ts'
import { committedCheckpoint } from './committed-checkpoint.ts'
import { committedOffsets } from './committed-offsets.ts'
import { deadLetterMessages, identityOf, LetterAssembly } from './dead-letters.ts'
import { toStoredMessage } from './event-record.ts'
import { migrationKey } from './foundation-state.ts'
import { placesSince } from './guids-of-window.ts'
import { inRequests } from './in-requests.ts'
import type { KafkaClient } from './kafka-client.ts'
import { FencedError, isFencing, KafkaStateError, KafkaUnavailableError, typesOf } from './kafka-error.ts'
import { type KafkaOptions, limits, type Settings } from './kafka-options.ts'
import { CompressionTypes } from './kafkajs-door.ts'
import { nameMessages } from './kept-names.ts'
import { toLedgerMessage } from './ledger-record.ts'
import type { Names } from './names.ts'
import type { KafkaRecord } from './partition-reader.ts'
import { readState } from './read-state.ts'
import { within } from './within.ts'

export interface TargetDoor {
  readonly client: KafkaClient
  readonly kafka: KafkaOptions
  readonly names: Names
  readonly settings: Settings
  readonly clock: Clock
}

/** `begun`: it holds the beginning of a copy. `polled`: it has a checkpoint. `foreign`: events, and neither. */
export type Standing = 'empty' | 'begun' | 'polled' | 'foreign'

export interface LastWords {
  readonly seq: number
  readonly checkpoint: Checkpoint
  readonly tallies: readonly Tally[]
  /** Of the ledger, with their places here. */
  readonly windows: readonly LedgerWindow[]
}

/** The place in Kafka to which one foundation of an embedded log is carried. */
export class MigrationTarget {
  readonly #foundation: string
  readonly #door: TargetDoor
  #producer: Producer | null = null

  constructor(foundation: string, door: TargetDoor) {
    this.#foundation = foundation
    this.#door = door
  }

  /** From here on no earlier poller, and no earlier copy, can write any more. */
  async fence(): Promise<void> {
    const { client, names } = this.#door
    this.#producer = await client.transactionalProducer(names.transactionalId(this.#foundation))
  }

  async standing(): Promise<Standing> {
    const { client, names, clock } = this.#door
    const reader = await client.reader()
    const topic = names.events(this.#foundation)
    const state = await readState(reader, names.state(this.#foundation), 'committed')
    if (state.isMigrating) return 'begun'
    const { inGroup } = await client.asAdmin(admin =>
      committedCheckpoint(admin, names, this.#foundation, clock),
    )
    if (state.mirror !== null || inGroup !== null) return 'polled'
    return (await reader.last(topic)) === null && (await reader.edge(topic, 'earliest')) === 0n
      ? 'empty'
      : 'foreign'
  }

  /** Says that a copy begins: until `finish` no poller and no sink goes on from what is there. */
  begin(atMs: number): Promise<void> {
    const mark = { key: migrationKey, value: JSON.stringify({ from: 'embedded', atMs }), partition: 0 }
    return this.#transact('beginning', transaction => this.#send(transaction, this.#state, [mark]))
  }

  append(events: readonly StoredEvent[]): Promise<void> {
    const { names } = this.#door
    return this.#transact(`copying events ${events[0]?.seq} to ${events.at(-1)?.seq}`, transaction =>
      this.#send(
        transaction,
        names.events(this.#foundation),
        events.map(event => toStoredMessage(this.#foundation, event)),
      ),
    )
  }

  bury(letters: readonly DeadLetter[]): Promise<void> {
    const { names } = this.#door
    return this.#transact('copying dead letters', transaction =>
      this.#send(transaction, names.deadLetters, letters.flatMap(deadLetterMessages)),
    )
  }

  /** Those that are there already are written once more. */
  keep(names: readonly NameRecord[]): Promise<void> {
    return this.#transact('copying names', transaction =>
      this.#send(transaction, this.#state, nameMessages(names)),
    )
  }

  /** Everything there is, in order. */
  async *records(): AsyncGenerator<KafkaRecord> {
    const reader = await this.#door.client.reader()
    const topic = this.#events
    const from = await reader.edge(topic, 'earliest')
    yield* reader.read(topic, from, await reader.edge(topic, 'committed'))
  }

  /** Where each event lies. */
  async *places(): AsyncGenerator<{ readonly createdAtSec: number; readonly offset: number }> {
    yield* placesSince(await this.#door.client.reader(), this.#events, 0)
  }

  async firstOffset(): Promise<bigint> {
    return (await this.#door.client.reader()).edge(this.#events, 'earliest')
  }

  async lastOffset(): Promise<bigint | null> {
    return (await (await this.#door.client.reader()).last(this.#events))?.offset ?? null
  }

  /**
   * The places of the sinks, by name: the offset after the last record each has had. Done when they can be read, and so
   * before the mark is gone. A place that is there already stays: it was put there by this, and the sink may have gone
   * on from it.
   */
  async place(sinks: ReadonlyMap<string, bigint>): Promise<void> {
    const { names, clock } = this.#door
    const missing = await this.#unplaced(sinks)
    if (missing.size === 0) return
    await this.#transact('committing the places of the sinks', async transaction => {
      for (const [sink, offset] of missing)
        await transaction.sendOffsets({
          consumerGroupId: names.sinkGroup(sink),
          topics: [{ topic: this.#events, partitions: [{ partition: 0, offset: String(offset) }] }],
        })
    })
    const deadlineMs = clock.monotonic() + limits.requestMs
    while ((await this.#unplaced(missing)).size > 0) {
      if (clock.monotonic() > deadlineMs)
        throw new KafkaUnavailableError(`the places of the sinks in ${this.#events} do not appear`)
      await clock.sleep(50)
    }
  }

  /** The tallies, the ledger, the checkpoint, and the end of the mark: all of it or nothing. The poller may begin. */
  finish({ seq, checkpoint, tallies, windows }: LastWords): Promise<void> {
    const { names } = this.#door
    const counted = tallies.map(({ foundation: _, ...tally }) => ({
      key: `tally ${tally.provenance} ${tally.type}`,
      value: JSON.stringify(tally),
      partition: 0,
    }))
    const mirror = { key: 'checkpoint', value: JSON.stringify({ seq, checkpoint }), partition: 0 }
    const unmark = { key: migrationKey, value: null, partition: 0 }
    const last = [...counted, mirror, unmark]
    return this.#transact('writing the checkpoint', async transaction => {
      await this.#send(
        transaction,
        this.#door.names.ledger(this.#foundation),
        windows.map(window => toLedgerMessage(window)),
      )
      await this.#send(transaction, this.#state, last)
      const place = { partition: 0, offset: String(seq), metadata: checkpoint }
      await transaction.sendOffsets({
        consumerGroupId: names.checkpointGroup(this.#foundation),
        topics: [{ topic: this.#events, partitions: [place] }],
      })
    })
  }

  async close(): Promise<void> {
    const producer = this.#producer
    this.#producer = null
    if (producer === null) return
    const { client, clock } = this.#door
    await within(clock, limits.closeMs, 'closing', producer.disconnect()).catch(() => client.drop(producer))
  }

  get #events(): string {
    return this.#door.names.events(this.#foundation)
  }

  get #state(): string {
    return this.#door.names.state(this.#foundation)
  }

  async #unplaced(sinks: ReadonlyMap<string, bigint>): Promise<ReadonlyMap<string, bigint>> {
    const { client, names, clock } = this.#door
    const missing = new Map<string, bigint>()
    for (const [sink, offset] of sinks) {
      const [group] = await client.asAdmin(admin =>
        committedOffsets(admin, names.sinkGroup(sink), [this.#events], clock),
      )
      if (Number(group?.partitions[0]?.offset ?? -1) < 0) missing.set(sink, offset)
    }
    return missing
  }

  async #transact(what: string, work: (transaction: Transaction) => Promise<void>): Promise<void> {
    const producer = this.#producer
    if (producer === null) throw new KafkaStateError(`the copy of ${this.#foundation} is closed`)
    const transacting = async () => {
      const transaction = await producer.transaction()
      await work(transaction)
      await transaction.commit()
    }
    try {
      await within(this.#door.clock, limits.publishMs, `${this.#foundation}: ${what}`, transacting())
    } catch (error) {
      this.#door.client.drop(producer)
      this.#producer = null
      throw explained(this.#foundation, what, error)
    }
  }

  /** One request after the other, to one partition: see KafkaFoundationWriter. */
  async #send(transaction: Transaction, topic: string, messages: readonly Message[]): Promise<void> {
    const make = messages.map(message => () => message)
    for (const request of inRequests(make, this.#door.settings.requestBytesMax))
      await transaction.send({
        topic,
        messages: [...request.messages],
        acks: -1,
        compression: CompressionTypes.ZSTD,
      })
  }
}

/** What the dead letters in Kafka say, each in short (`letterDigest`), by identity. */
export async function lettersThere({ client, names }: TargetDoor): Promise<ReadonlyMap<string, string>> {
  const reader = await client.reader()
  const topic = names.deadLetters
  const assembly = new LetterAssembly()
  const digests = new Map<string, string>()
  const [from, to] = [await reader.edge(topic, 'earliest'), await reader.edge(topic, 'committed')]
  for await (const record of reader.read(topic, from, to)) {
    const letter = assembly.add(record)
    if (letter !== null) digests.getOrInsertComputed(identityOf(letter), () => letterDigest(letter))
  }
  return digests
}

export function letterDigest({ reason, atMs, raw }: DeadLetter): string {
  return createHash('sha256')
    .update(JSON.stringify([reason, atMs]))
    .update(raw)
    .digest('hex')
}

function explained(foundation: string, what: string, error: unknown): Error {
  if (isFencing(error))
    return new FencedError(
      `another poller or migration has taken over ${foundation}: end it, and run this again`,
      { cause: error },
    )
  if (typesOf(error).includes('MESSAGE_TOO_LARGE'))
    return new KafkaStateError(
      `${foundation}: ${what}: one is larger than the topic takes: make its max.message.bytes larger, and run this again`,
      { cause: error },
    )
  if (error instanceof KafkaUnavailableError) return error
  return new KafkaUnavailableError(`${foundation}: ${what}: ${asError(error).message}`, { cause: error })
}
