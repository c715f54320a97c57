import type { Clock } from '@cf-audit-drain/pipeline'
import type { Message, Producer, Transaction } from 'kafkajs'
import { LogClosedError } from '../log-error.ts'
import type { Checkpoint, DeadLetter, FoundationWriter, LogEntry, PublishResult } from '../ports.ts'
import { requireCheckpoint, requireEntry } from '../publish-rules.ts'
import { agreedCheckpoint } from './agreed-checkpoint.ts'
import { committedOffsets } from './committed-offsets.ts'
import { deadLetterMessage } from './dead-letters.ts'
import { toMessage } from './event-record.ts'
import type { FoundationState, StoredCheckpoint } from './foundation-state.ts'
import { guidsSince } from './guids-since.ts'
import { inRequests } from './in-requests.ts'
import type { KafkaClient } from './kafka-client.ts'
import { FencedError, isFencing, KafkaUnavailableError } from './kafka-error.ts'
import { limits, type Settings } from './kafka-options.ts'
import { CompressionTypes } from './kafkajs-door.ts'
import type { Names } from './names.ts'
import type { KafkaRecord } from './partition-reader.ts'
import { readState } from './read-state.ts'
import { RecentGuids } from './recent-guids.ts'
import { within } from './within.ts'

export interface WriterDoor {
  readonly client: KafkaClient
  readonly names: Names
  readonly settings: Settings
  readonly clock: Clock
  /** Something an operator should know of, in one sentence. */
  readonly warn: (sentence: string) => void
}

/**
 * The writing end of one foundation. One transaction a publish: events, state, dead letters, and the checkpoint as an
 * offset commit, so that the brokers themselves decide whether it took effect. Opening fences every earlier writer and
 * only then reads the checkpoint.
 */
export class KafkaFoundationWriter implements FoundationWriter {
  readonly #foundation: string
  readonly #door: WriterDoor
  readonly #onClose: () => void
  readonly #producer: Producer
  readonly #state: FoundationState
  readonly #recent: RecentGuids
  #stored: StoredCheckpoint | null
  #isBroken = false
  #isClosed = false

  private constructor(
    foundation: string,
    door: WriterDoor,
    onClose: () => void,
    opened: {
      producer: Producer
      state: FoundationState
      recent: RecentGuids
      stored: StoredCheckpoint | null
    },
  ) {
    this.#foundation = foundation
    this.#door = door
    this.#onClose = onClose
    this.#producer = opened.producer
    this.#state = opened.state
    this.#recent = opened.recent
    this.#stored = opened.stored
  }

  /** @throws KafkaStateError when what the brokers hold is no state to go on from */
  static async open(
    foundation: string,
    door: WriterDoor,
    onClose: () => void,
  ): Promise<KafkaFoundationWriter> {
    const { client, names, clock } = door
    const producer = await client.transactionalProducer(names.transactionalId(foundation))
    try {
      const opened = await within(
        clock,
        limits.openMs,
        `reading the state of ${foundation}`,
        readBack(foundation, door),
      )
      return new KafkaFoundationWriter(foundation, door, onClose, { producer, ...opened })
    } catch (error) {
      client.drop(producer)
      throw error
    }
  }

  get checkpoint(): Checkpoint | null {
    return this.#stored?.checkpoint ?? null
  }

  async *guids(sinceSec: number): AsyncGenerator<{ readonly guid: string; readonly createdAtSec: number }> {
    const { client, names } = this.#door
    yield* await guidsSince(await client.reader(), names.events(this.#foundation), sinceSec)
  }

  async publish(
    entries: readonly LogEntry[],
    next: Checkpoint,
    deadLetters: readonly DeadLetter[] = [],
  ): Promise<PublishResult> {
    if (this.#isClosed) throw new LogClosedError(`the writer of ${this.#foundation} is closed`)
    if (this.#isBroken)
      throw new LogClosedError(
        `the writer of ${this.#foundation} is out of service: close it and open another`,
      )
    const { clock } = this.#door
    try {
      requireCheckpoint(next)
      entries.forEach(requireEntry)
      const publishing = this.#transact(this.#recent.unknown(entries), next, deadLetters)
      return await within(clock, limits.publishMs, `publishing for ${this.#foundation}`, publishing)
    } catch (error) {
      this.#isBroken = true
      this.#door.client.drop(this.#producer)
      throw explained(this.#foundation, error)
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

  async #transact(
    entries: readonly LogEntry[],
    checkpoint: Checkpoint,
    deadLetters: readonly DeadLetter[],
  ): Promise<PublishResult> {
    const { names } = this.#door
    const before = this.#stored?.seq ?? 0
    const stored = { seq: before + entries.length, checkpoint }
    const change = this.#state.after(entries, stored)
    const transaction = await this.#producer.transaction()
    const events = entries.map((entry, i) => () => toMessage(entry, before + 1 + i))
    await this.#send(transaction, names.events(this.#foundation), events)
    await this.#send(
      transaction,
      names.deadLetters,
      deadLetters.map(letter => () => deadLetterMessage(letter)),
    )
    await this.#send(
      transaction,
      names.state(this.#foundation),
      change.messages.map(message => () => message),
    )
    await transaction.sendOffsets({
      consumerGroupId: names.checkpointGroup(this.#foundation),
      topics: [
        {
          topic: names.events(this.#foundation),
          partitions: [checkpointOffset(stored)],
        },
      ],
    })
    await transaction.commit()
    change.apply()
    this.#stored = stored
    this.#recent.add(entries)
    return { published: entries.length }
  }

  /** One request after the other, to one partition: two brokers in one send can double records in kafkajs 2.2.4. */
  async #send(transaction: Transaction, topic: string, make: readonly (() => Message)[]): Promise<void> {
    for (const messages of inRequests(make, this.#door.settings.requestBytesMax))
      await transaction.send({ topic, messages: [...messages], acks: -1, compression: CompressionTypes.ZSTD })
  }
}

/** `metadata` is not in kafkajs' types of this call; its encoder sends it (TxnOffsetCommit v0 and v1). */
function checkpointOffset({ seq, checkpoint }: StoredCheckpoint) {
  return { partition: 0, offset: String(seq), metadata: checkpoint }
}

/** What the brokers hold of a foundation; `eachRecent` gets the newest events, oldest first. */
export async function readBack(
  foundation: string,
  { client, names, settings, clock, warn }: WriterDoor,
  {
    agree = agreedCheckpoint,
    eachRecent = () => undefined,
  }: { readonly agree?: typeof agreedCheckpoint; readonly eachRecent?: (record: KafkaRecord) => void } = {},
) {
  const topic = names.events(foundation)
  const reader = await client.reader()
  const state = await readState(reader, names.state(foundation), 'all')
  const admin = await client.admin()
  const [group] = await committedOffsets(admin, names.checkpointGroup(foundation), [topic], clock)
  const committed = group?.partitions[0]
  const inGroup =
    committed === undefined || Number(committed.offset) < 0 || committed.metadata === null
      ? null
      : { seq: Number(committed.offset), checkpoint: committed.metadata }
  const [from, to] = [await reader.edge(topic, 'earliest'), await reader.edge(topic, 'all')]
  // What an aborted first publish left takes up offsets, too, and is no event.
  const hasRecords = from > 0n || (to > 0n && (await reader.last(topic)) !== null)
  const { mirror, isBegun } = state
  const stored = agree(foundation, { inGroup, mirror, hasRecords, isBegun }, warn)
  const recent = new RecentGuids()
  const enough = to - BigInt(settings.recentGuids)
  for await (const record of reader.read(topic, enough > from ? enough : from, to)) {
    if (record.key !== null) recent.addGuid(record.key.toString())
    eachRecent(record)
  }
  return { state, recent, stored, end: to }
}

function explained(foundation: string, error: unknown): Error {
  if (isFencing(error))
    return new FencedError(
      `another poller has taken over ${foundation}: what was being published is not in the log`,
      {
        cause: error,
      },
    )
  if (error instanceof Error) return error
  return new KafkaUnavailableError(String(error))
}
