import type { Clock } from '@cf-audit-drain/pipeline'
import type { Message, Producer, Transaction } from 'kafkajs'
import type { LedgerWindow } from '../ledger/ledger-window.ts'
import { placeWindows } from '../ledger/place-windows.ts'
import type {
  Checkpoint,
  DeadLetter,
  FoundationWriter,
  LogEntry,
  NameRecord,
  PublishedBeside,
  PublishResult,
} from '../ports.ts'
import type { GoOn } from './agreed-checkpoint.ts'
import { deadLetterMessages } from './dead-letters.ts'
import { toMessage } from './event-record.ts'
import type { FoundationState, StoredCheckpoint } from './foundation-state.ts'
import { endHangingTransaction } from './hanging-transaction.ts'
import { inRequests, type ProduceRequest } from './in-requests.ts'
import type { KafkaClient } from './kafka-client.ts'
import { FencedError, isFencing, KafkaStateError, KafkaUnavailableError } from './kafka-error.ts'
import { limits, type Settings } from './kafka-options.ts'
import { CompressionTypes } from './kafkajs-door.ts'
import { nameMessages } from './kept-names.ts'
import { toLedgerMessage } from './ledger-record.ts'
import type { Names } from './names.ts'
import { ProvenTail } from './proven-tail.ts'
import { readBack } from './read-back.ts'
import type { RecentGuids } from './recent-guids.ts'
import { idsOfTopic } from './schema-ids.ts'
import { isTooLarge, type SizeLimits } from './size-limits.ts'
import { within } from './within.ts'
import { WriterReads, type WriterTails } from './writer-reads.ts'
import { WriterService } from './writer-service.ts'

export interface WriterDoor {
  readonly client: KafkaClient
  readonly names: Names
  readonly settings: Settings
  readonly clock: Clock
  /** Kept from writer to writer. */
  readonly sizes: SizeLimits
  /** Foundations that the operator has said to start anew; each until its first publish. */
  readonly startAnew: Set<string>
  /** Aborted: this process stops, and waits for no publish any longer. */
  readonly givenUp: AbortSignal
  /** Something an operator should know of, in one sentence. */
  readonly warn: (sentence: string) => void
}

/**
 * The writing end of one foundation. One transaction a publish: events, state, dead letters, and the checkpoint as an
 * offset commit, so that the brokers themselves decide whether it took effect. Opening fences every earlier writer and
 * only then reads the checkpoint.
 */
export class KafkaFoundationWriter extends WriterReads implements FoundationWriter {
  readonly isAtomic = true
  readonly #foundation: string
  readonly #door: WriterDoor
  readonly #service: WriterService
  readonly #producer: Producer
  readonly #state: FoundationState
  readonly #recent: RecentGuids
  readonly #tails: WriterTails<ProvenTail>
  #stored: GoOn | null

  private constructor(
    foundation: string,
    door: WriterDoor,
    onClose: () => void,
    opened: {
      producer: Producer
      state: FoundationState
      recent: RecentGuids
      stored: GoOn | null
      tails: WriterTails<ProvenTail>
    },
  ) {
    super(foundation, door, opened.tails)
    this.#tails = opened.tails
    this.#foundation = foundation
    this.#door = door
    this.#service = new WriterService(foundation, door, opened.producer, onClose)
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
    const fence = () => client.transactionalProducer(names.transactionalId(foundation))
    const wasCommitted = await client.wasCommitted(names.transactionalId(foundation))
    let producer = await fence()
    let isGivenUp = false
    const opening = async () => {
      const { wasThere, state } = await endHangingTransaction(foundation, wasCommitted, door)
      if (wasThere) {
        client.drop(producer)
        producer = await fence()
        if (isGivenUp) client.drop(producer)
      }
      const reader = await client.reader()
      // Before it is read: what a broker that answers then knows more is noticed by the first publish.
      const ledgerEnd = await reader.edge(names.ledger(foundation), 'all')
      const read = await readBack(foundation, door, { state })
      const tails = {
        events: ProvenTail.ofEvents(names.events(foundation), read.end),
        states: new ProvenTail(names.state(foundation), read.state.readTo),
        ledger: new ProvenTail(names.ledger(foundation), ledgerEnd),
      }
      return { ...read, tails }
    }
    try {
      const opened = await within(clock, limits.openMs, `reading the state of ${foundation}`, opening())
      return new KafkaFoundationWriter(foundation, door, onClose, { producer, ...opened })
    } catch (error) {
      isGivenUp = true
      client.drop(producer)
      throw error
    }
  }

  get checkpoint(): Checkpoint | null {
    return this.#stored?.checkpoint ?? null
  }

  async publish(
    entries: readonly LogEntry[],
    next: Checkpoint,
    deadLetters: readonly DeadLetter[] = [],
    beside: PublishedBeside = {},
  ): Promise<PublishResult> {
    try {
      return await this.#service.publish({ entries, next, deadLetters, beside }, () =>
        this.#transactWhatFits(entries, next, deadLetters, beside),
      )
    } catch (error) {
      throw explained(this.#foundation, error)
    }
  }

  close(): Promise<void> {
    return this.#service.close()
  }

  /** A transaction that held something too large is given up, and tried again without it: each refusal teaches a limit. */
  async #transactWhatFits(
    entries: readonly LogEntry[],
    checkpoint: Checkpoint,
    deadLetters: readonly DeadLetter[],
    beside: PublishedBeside,
  ): Promise<PublishResult> {
    const unknown = this.#recent.unknown(entries)
    for (;;) {
      const { fitting, letters } = this.#door.sizes.apply(this.#foundation, unknown)
      try {
        const buried = new Set(letters.map(({ key }) => key))
        const publish = { fitting, windows: windowsBeside(beside, buried) }
        const all = [...deadLetters, ...letters]
        return { ...(await this.#transact(publish, checkpoint, all, beside.names ?? [])), buried }
      } catch (error) {
        if (!isTooLarge(error)) throw error
      }
    }
  }

  async #transact(
    { fitting: entries, windows }: { fitting: readonly LogEntry[]; windows: readonly LedgerWindow[] },
    checkpoint: Checkpoint,
    deadLetters: readonly DeadLetter[],
    kept: readonly NameRecord[],
  ): Promise<PublishResult> {
    const { names } = this.#door
    const before = this.#stored?.seq ?? 0
    const stored = { seq: before + entries.length, checkpoint }
    const topic = names.events(this.#foundation)
    const { schemaIds } = this.#door.settings
    const change = this.#state.after(entries, stored, schemaIds?.kept(topic))
    const transaction = await this.#producer.transaction()
    const idOf = idsOfTopic(schemaIds, topic)
    const events = entries.map((entry, i) => () => toMessage(this.#foundation, entry, before + 1 + i, idOf))
    const letters = deadLetters.flatMap(deadLetterMessages).map(message => () => message)
    const changes = [...nameMessages(kept), ...change.messages].map(message => () => message)
    const offsets = new Map<string, number>()
    let placed: readonly LedgerWindow[]
    try {
      const offsetsOfEvents = await this.#send(transaction, topic, events, this.#tails.events)
      if (windows.length > 0)
        for (const [i, entry] of entries.entries()) offsets.set(entry.guid, offsetsOfEvents[i] ?? 0)
      placed = placeWindows(windows, entries, offsets)
      await this.#send(
        transaction,
        names.ledger(this.#foundation),
        placed.map(window => () => toLedgerMessage(window)),
        this.#tails.ledger,
      )
      await this.#send(transaction, names.deadLetters, letters)
      await this.#send(transaction, names.state(this.#foundation), changes, this.#tails.states)
    } catch (error) {
      if (isTooLarge(error)) await transaction.abort()
      throw error
    }
    await transaction.sendOffsets({
      consumerGroupId: names.checkpointGroup(this.#foundation),
      topics: [
        {
          topic,
          partitions: [checkpointOffset(stored)],
        },
      ],
    })
    await transaction.commit()
    this.#door.startAnew.delete(this.#foundation)
    change.apply()
    this.#stored = stored
    this.#recent.add(entries)
    return { published: entries.length, windows: placed }
  }

  /**
   * One request after the other, to one partition: two brokers in one send can double records in kafkajs 2.2.4. Resolves
   * to the offset of each.
   */
  async #send(
    transaction: Transaction,
    topic: string,
    make: readonly (() => Message)[],
    tail: ProvenTail | null = null,
  ): Promise<readonly number[]> {
    const offsets: number[] = []
    for (const request of inRequests(make, this.#door.sizes.requestBytesMax)) {
      const [answer] = await refusalsLearned(this.#foundation, topic, request, this.#door, () =>
        transaction.send({
          topic,
          messages: [...request.messages],
          acks: -1,
          compression: CompressionTypes.ZSTD,
        }),
      )
      const base = Number(answer?.baseOffset)
      if (!Number.isSafeInteger(base))
        throw new KafkaUnavailableError(`${topic}: the broker did not say where it put the records`)
      await tail?.confirmed(await this.#door.client.reader(), BigInt(base), request.messages.length)
      for (let i = 0; i < request.messages.length; i++) offsets.push(base + i)
    }
    return offsets
  }
}

/** The windows to be written, some of the entries being too large. */
export function windowsBeside(
  { windows = [], windowsWithout }: PublishedBeside,
  buried: ReadonlySet<string>,
): readonly LedgerWindow[] {
  return buried.size === 0 || windowsWithout === undefined ? windows : windowsWithout(buried)
}

/** What the brokers refuse as too large is learned: the next writer sends less of it, or leaves an event out. */
export async function refusalsLearned<T>(
  foundation: string,
  topic: string,
  { messages, bytes }: ProduceRequest,
  { sizes, names, warn }: Pick<WriterDoor, 'sizes' | 'names' | 'warn'>,
  send: () => Promise<T>,
): Promise<T> {
  try {
    return await send()
  } catch (error) {
    if (isTooLarge(error) && messages.length === 1 && topic !== names.events(foundation))
      throw new KafkaStateError(
        `a record of ${bytes} bytes is more than the topic ${topic} takes: raise its max.message.bytes (cf-audit-drain topics plan)`,
      )
    const guid = sizes.learn(error, messages, bytes)
    if (guid !== null)
      warn(
        `event ${guid} of ${foundation} has ${bytes} bytes, more than the topic ${topic} takes: it goes into the dead-letter store; raise max.message.bytes`,
      )
    throw error
  }
}

/** `metadata` is not in kafkajs' types of this call; its encoder sends it (TxnOffsetCommit v0 and v1). */
function checkpointOffset({ seq, checkpoint }: StoredCheckpoint) {
  return { partition: 0, offset: String(seq), metadata: checkpoint }
}

function explained(foundation: string, error: unknown): Error {
  if (isFencing(error))
    return new FencedError(
      `another poller has taken over ${foundation}, or the brokers gave a transaction up that took too long: what was being published is not in the log`,
      {
        cause: error,
      },
    )
  if (error instanceof Error) return error
  return new KafkaUnavailableError(String(error))
}
