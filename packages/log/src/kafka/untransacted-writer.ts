import type { Message, Producer } from 'kafkajs'
import type { LedgerWindow } from '../ledger/ledger-window.ts'
import { placeWindows } from '../ledger/place-windows.ts'
import type {
  Checkpoint,
  DeadLetter,
  FoundationWriter,
  LogEntry,
  NameRecord,
  PlacedGuid,
  PublishedBeside,
  PublishResult,
} from '../ports.ts'
import { countableOf } from './countable-of.ts'
import { deadLetterMessages } from './dead-letters.ts'
import { toMessage } from './event-record.ts'
import { begunMessage, type Countable, type FoundationState } from './foundation-state.ts'
import { refusalsLearned, type WriterDoor, windowsBeside } from './foundation-writer.ts'
import { inRequests } from './in-requests.ts'
import { FencedError, KafkaUnavailableError } from './kafka-error.ts'
import { limits } from './kafka-options.ts'
import { CompressionTypes } from './kafkajs-door.ts'
import { nameMessages } from './kept-names.ts'
import { toLedgerMessage } from './ledger-record.ts'
import { PartitionTail } from './partition-tail.ts'
import { patiently } from './patiently.ts'
import { readBack } from './read-back.ts'
import type { RecentGuids } from './recent-guids.ts'
import { resumableCheckpoint } from './resumable-checkpoint.ts'
import { idsOfTopic } from './schema-ids.ts'
import { type NumberedGuid, uncountedEvents } from './uncounted-events.ts'
import { within } from './within.ts'
import { WriterReads } from './writer-reads.ts'
import { WriterService } from './writer-service.ts'

interface Opened {
  readonly producer: Producer
  readonly state: FoundationState
  readonly recent: RecentGuids
  readonly checkpoint: Checkpoint | null
  /** The number of the newest event. */
  readonly seq: number
  readonly events: PartitionTail
  readonly states: PartitionTail
  readonly ledger: PartitionTail
  readonly uncounted: readonly PlacedGuid[]
}

/**
 * The writing end of one foundation on a Kafka that refuses transactions: at least once. In this order, each on its
 * replicas before the next is sent: events, dead letters, ledger, state, checkpoint. A kill in between leaves events that no
 * checkpoint covers; opening reads them back, so that the next publish knows them, counts them in the tallies, and tells which of
 * them the ledger has not counted.
 *
 * Nothing fences another writer. It is noticed by what it wrote: before a publish by the ends of both topics, and after
 * each request by the offset it was given. Then this writer is out of service, and opens anew knowing what is there.
 * What two can double: docs/decisions/0007-without-transactions.md.
 */
export class UntransactedWriter extends WriterReads implements FoundationWriter {
  readonly isAtomic = false
  readonly #foundation: string
  readonly #door: WriterDoor
  readonly #service: WriterService
  readonly #opened: Opened
  #checkpoint: Checkpoint | null
  #seq: number
  /** Nothing that an earlier writer sent can still come in before us: a request of ours was where it was expected. */
  #isAlone = false

  private constructor(foundation: string, door: WriterDoor, onClose: () => void, opened: Opened) {
    super(foundation, door, opened)
    this.#foundation = foundation
    this.#door = door
    this.#service = new WriterService(foundation, door, opened.producer, onClose)
    this.#opened = opened
    this.#checkpoint = opened.checkpoint
    this.#seq = opened.seq
  }

  /** @throws KafkaStateError when what the brokers hold is no state to go on from */
  static async open(foundation: string, door: WriterDoor, onClose: () => void): Promise<UntransactedWriter> {
    const { client, clock } = door
    const producer = await client.idempotentProducer()
    try {
      const what = `reading the state of ${foundation}`
      const resuming = patiently(clock, () => resume(foundation, door, producer))
      const opened = await within(clock, limits.openMs, what, resuming)
      return new UntransactedWriter(foundation, door, onClose, opened)
    } catch (error) {
      client.drop(producer)
      throw error
    }
  }

  get checkpoint(): Checkpoint | null {
    return this.#checkpoint
  }

  async publish(
    entries: readonly LogEntry[],
    next: Checkpoint,
    deadLetters: readonly DeadLetter[] = [],
    beside: PublishedBeside = {},
  ): Promise<PublishResult> {
    try {
      return await this.#service.publish({ entries, next, deadLetters, beside }, async () => {
        const unknown = this.#opened.recent.unknown(entries)
        const { fitting, letters } = this.#door.sizes.apply(this.#foundation, unknown)
        const buried = new Set(letters.map(({ key }) => key))
        const kept = { windows: windowsBeside(beside, buried), names: beside.names ?? [] }
        return { ...(await this.#append(fitting, next, [...deadLetters, ...letters], kept)), buried }
      })
    } catch (error) {
      throw error instanceof Error ? error : new KafkaUnavailableError(String(error))
    }
  }

  override async *uncounted(): AsyncGenerator<PlacedGuid> {
    yield* this.#opened.uncounted
  }

  close(): Promise<void> {
    return this.#service.close()
  }

  async #append(
    entries: readonly LogEntry[],
    checkpoint: Checkpoint,
    deadLetters: readonly DeadLetter[],
    {
      windows,
      names: kept,
    }: { readonly windows: readonly LedgerWindow[]; readonly names: readonly NameRecord[] },
  ): Promise<PublishResult> {
    const { client, names } = this.#door
    const { state, recent, events, states } = this.#opened
    const seq = this.#seq + entries.length
    const { schemaIds } = this.#door.settings
    const change = state.after(entries, { seq, checkpoint }, schemaIds?.kept(events.topic))
    const idOf = idsOfTopic(schemaIds, events.topic)
    // All are made before the first is sent: one that cannot be made leaves nothing behind.
    const messages = entries.map((entry, i) => toMessage(this.#foundation, entry, this.#seq + 1 + i, idOf))
    const letters = deadLetters.flatMap(deadLetterMessages)
    await this.#requireUntouched()
    const firstOffset = Number(events.end)
    if (this.#checkpoint === null && !state.isBegun) await this.#send(states, [begunMessage])
    // What an earlier writer had under way may come in late: then one event is doubled, not all of them.
    const [first, ...rest] = messages
    if (first !== undefined && !this.#isAlone) await this.#send(events, [first])
    await this.#send(events, this.#isAlone || first === undefined ? messages : rest)
    await this.#sendAll(names.deadLetters, letters)
    const offsets = new Map(entries.map(({ guid }, i) => [guid, firstOffset + i]))
    const placed = placeWindows(windows, entries, offsets)
    await this.#sendAll(
      names.ledger(this.#foundation),
      placed.map(window => toLedgerMessage(window, seq)),
    )
    await this.#send(states, [...nameMessages(kept), ...change.messages])
    await (await client.groupOffsets()).commit(
      names.checkpointGroup(this.#foundation),
      names.events(this.#foundation),
      { offset: String(seq), metadata: checkpoint },
    )
    this.#door.startAnew.delete(this.#foundation)
    change.apply()
    recent.add(entries)
    this.#seq = seq
    this.#checkpoint = checkpoint
    this.#isAlone ||= first !== undefined
    return { published: entries.length, windows: placed }
  }

  /** Before anything is sent: who was stopped for a while must not go on from what was true then. */
  async #requireUntouched(): Promise<void> {
    const reader = await this.#door.client.reader()
    for (const tail of [this.#opened.events, this.#opened.states])
      if ((await reader.edge(tail.topic, 'all')) > tail.end)
        throw new FencedError(
          `another poller has written ${tail.topic} meanwhile: nothing of what was being published was sent`,
        )
  }

  async #send(tail: PartitionTail, messages: readonly Message[]): Promise<void> {
    await this.#sendAll(tail.topic, messages, (offset, count) => {
      const expected = tail.end
      tail.appended(offset, count)
      if (offset === expected) return
      throw new FencedError(
        `another poller writes ${tail.topic} at the same time: up to ${count} records of this request may be there twice`,
      )
    })
  }

  #sendAll(topic: string, messages: readonly Message[], sent?: Sent): Promise<void> {
    return sendAll(this.#foundation, this.#opened.producer, { topic, messages }, this.#door, sent)
  }
}

type Sent = (offset: bigint, count: number) => void

/** One request after the other, each answered by all replicas in sync before the next. */
async function sendAll(
  foundation: string,
  producer: Producer,
  { topic, messages }: { readonly topic: string; readonly messages: readonly Message[] },
  door: WriterDoor,
  sent: Sent = () => undefined,
): Promise<void> {
  const make = messages.map(message => () => message)
  for (const request of inRequests(make, door.sizes.requestBytesMax)) {
    const options = { topic, messages: [...request.messages], acks: -1, compression: CompressionTypes.ZSTD }
    const [answer] = await refusalsLearned(foundation, topic, request, door, () => producer.send(options))
    if (answer?.baseOffset === undefined)
      throw new KafkaUnavailableError(`${topic}: the broker did not say where it put the records`)
    sent(BigInt(answer.baseOffset), request.messages.length)
  }
}

/** What to go on from. Events that no tally has counted, left by a kill, are counted here, and that is written down. */
async function resume(foundation: string, door: WriterDoor, producer: Producer): Promise<Opened> {
  const { client, names } = door
  const reader = await client.reader()
  // Before they are read: what comes in meanwhile is noticed by the first publish.
  const states = new PartitionTail(names.state(foundation), await reader.edge(names.state(foundation), 'all'))
  const newest: { event: Countable; seq: number }[] = []
  const placed: NumberedGuid[] = []
  const { state, recent, stored, coveredSeq, end } = await readBack(foundation, door, {
    agree: resumableCheckpoint,
    gather: () => {
      newest.length = placed.length = 0
      return record => {
        const countable = countableOf(record)
        if (countable === null) return
        const { event, seq } = countable
        newest.push(countable)
        if (record.key !== null)
          placed.push({
            guid: record.key.toString(),
            createdAtSec: event.createdAtSec,
            offset: Number(record.offset),
            seq,
          })
      }
    },
  })
  const seq = newest.reduce((most, one) => Math.max(most, one.seq), stored?.seq ?? 0)
  const events = new PartitionTail(names.events(foundation), end)
  const uncounted = newest.filter(one => !state.hasCounted(one.event, one.seq)).map(({ event }) => event)
  if (uncounted.length > 0) {
    const change = state.after(uncounted, { seq, checkpoint: stored?.checkpoint ?? null })
    const { topic } = states
    await sendAll(foundation, producer, { topic, messages: change.messages }, door, (offset, count) =>
      states.appended(offset, count),
    )
    change.apply()
  }
  const checkpoint = stored?.checkpoint ?? null
  const uncovered = placed.filter(one => one.seq > coveredSeq)
  const unplaced = await uncountedEvents(reader, names.ledger(foundation), uncovered)
  // Nobody proves how far it goes: it is written after the events, which are known by heart.
  const ledger = new PartitionTail(names.ledger(foundation), 0n)
  return { producer, state, recent, checkpoint, seq, events, states, ledger, uncounted: unplaced }
}
