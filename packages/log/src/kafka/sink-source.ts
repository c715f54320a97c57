import assert from 'node:assert/strict'
import {
  type Batch,
  type Delivery,
  NotConnectedError,
  orAborted,
  type Source,
} from '@cf-audit-drain/pipeline'
import { Arrivals } from '../arrivals.ts'
import { batchMaxBytes, isBatch, requireBatchMax } from '../batch-rules.ts'
import type { LogRecord } from '../ports.ts'
import { committedOffsets } from './committed-offsets.ts'
import { heard, idleWaitMs, partWaitMs } from './fetch-patience.ts'
import { GroupMembership } from './group-membership.ts'
import { HeldPositions } from './held-positions.ts'
import { typesOf } from './kafka-error.ts'
import { limits } from './kafka-options.ts'
import type { PartitionReader } from './partition-reader.ts'
import { ReadingTroubles, reading } from './reading-troubles.ts'
import { mayLackRights } from './refused.ts'
import { SinkBeginnings } from './sink-beginnings.ts'
import { sinkMember } from './sink-member.ts'
import { SinkNews } from './sink-news.ts'
import { rightsAgainMs, SinkSettling } from './sink-settling.ts'
import type { SinkSourceDoor } from './sink-source-door.ts'
import { HiddenTopicError, SinkTopics } from './sink-topics.ts'
import { addTo, beginAnew, earliestWhereGone, type Position, taken } from './waiting-records.ts'
import { WakeableRest } from './wakeable-rest.ts'
import { within } from './within.ts'

const retryMs = 500
/** Between two looks for the first topic. */
const firstTopicMs = 5_000

/**
 * What one worker of a sink reads: the foundations its consumer group has given to it, read-committed, in the order of
 * each. One delivery is of one foundation. Settling commits its offset; when the foundation has gone to another worker
 * in the meantime nothing is committed and that one delivers the same records again.
 */
export class KafkaSinkSource implements Source<LogRecord> {
  readonly #sink: string
  readonly #batchMax: number
  readonly #door: SinkSourceDoor
  readonly #arrivals = new Arrivals()
  readonly #closing = new AbortController()
  readonly #troubles: ReadingTroubles
  readonly #topics: SinkTopics
  readonly #settling: SinkSettling
  readonly #news: SinkNews
  readonly #rest: WakeableRest
  readonly #beginnings: SinkBeginnings
  #reader: PartitionReader | null = null
  #membership: GroupMembership | null = null
  readonly #positions = new HeldPositions()
  /** The topics the group is about. */
  #joined: ReadonlySet<string> = new Set()
  #mustJoin = false
  /** As soon as what is in hand is settled; nothing more is handed out before. */
  #joinsNext = false
  #mayLackRights = false
  #connecting: Promise<unknown> = Promise.resolve()
  #loops: Promise<unknown> = Promise.resolve()

  constructor(sink: string, batchMax: number, door: SinkSourceDoor) {
    requireBatchMax(batchMax)
    this.#sink = sink
    this.#batchMax = batchMax
    this.#door = door
    this.#topics = new SinkTopics(door)
    this.#news = new SinkNews(sink, door.names, door.observer)
    this.#rest = new WakeableRest(door.clock)
    this.#troubles = new ReadingTroubles({
      explain: (error, { topic }) => door.explain(error, topic, this.#topics.known),
      foundationOf: topic => door.names.foundationOf(topic),
      failed: error => door.observer.failed?.(error),
      interrupted: troubles => door.observer.interrupted?.(troubles),
    })
    this.#beginnings = new SinkBeginnings(door, {
      news: this.#news,
      troubles: this.#troubles,
      closing: this.#closing.signal,
      readFrom: (topic, offset) => {
        this.#positions.readFrom(topic, offset)
        this.#arrivals.announce()
      },
    })
    this.#settling = new SinkSettling({
      clock: door.clock,
      observer: door.observer,
      troubles: this.#troubles,
      closing: this.#closing.signal,
      settleBy: door.settleBy,
      membership: () => this.#membership,
      holding: (topic, position) => this.#positions.holding(topic, position),
      readAgain: (topic, offset) => this.#positions.readFrom(topic, offset),
    })
  }

  /** Whether the brokers have known its group since it was connected. */
  get hasJoined(): boolean {
    return this.#membership !== null
  }

  async connect(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    assert(!this.#closing.signal.aborted, `the source of sink ${this.#sink} is closed`)
    this.#door.claim(this.#sink, this)
    this.#settling.stopsWith(signal)
    // Nothing is in hand yet: whoever stops need not wait for it.
    const connecting = this.#connect()
    this.#connecting = connecting.catch(() => undefined)
    await orAborted(connecting, signal)
  }

  async #connect(): Promise<void> {
    const shown = await this.#look()
    this.#reader ??= await this.#door.client.newReader(this.#door.settings.rack)
    this.#joined = shown
    this.#mustJoin = false
    await this.#join([...shown])
    if (!this.#mustJoin) this.#troubles.over(reading.group)
    if (this.#closing.signal.aborted) return this.#reader.close()
    this.#loops = Promise.all([this.#fetching(), this.#watching()])
  }

  async read(signal: AbortSignal): Promise<Delivery<LogRecord> | null> {
    assert(
      this.#positions.inHand === null,
      `read of sink ${this.#sink} before the delivery in hand was settled`,
    )
    for (;;) {
      signal.throwIfAborted()
      if (this.#closing.signal.aborted) return null
      if (this.#reader === null)
        throw new NotConnectedError(`the source of sink ${this.#sink} is not connected`)
      const delivery = this.#next()
      if (delivery !== null) return delivery
      await this.#settling.untilMore(this.#positions.ours, this.#arrivals, signal)
    }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    this.#troubles.end()
    this.#positions.clear()
    this.#arrivals.announce()
    // A member that joins late is left, too: else the others wait for it.
    const ending = this.#connecting.then(() => this.#loops).then(() => this.#reader?.close())
    await Promise.all([
      this.#membership?.leave(),
      within(this.#door.clock, limits.closeMs, 'closing', ending).catch(() => undefined),
    ])
    this.#door.release(this.#sink, this)
  }

  #next(): Delivery<LogRecord> | null {
    if (this.#joinsNext) return null
    for (const [topic, position] of this.#positions.ours) {
      const batch = taken(position, this.#batchMax)
      if (!isBatch(batch)) continue
      this.#positions.handOut(topic, position)
      // While it is delivered, the next one is fetched.
      this.#arrivals.announce()
      return { batch, settle: this.#settle(topic, position, batch) }
    }
    return null
  }

  #settle(topic: string, position: Position, batch: Batch<LogRecord>) {
    let settled = false
    return async (reason?: Error, done = 0): Promise<void> => {
      assert(!settled, `a delivery of sink ${this.#sink} was settled twice`)
      await this.#settling.settle({ topic, position, batch }, reason && { done })
      settled = true
      this.#positions.handedOver()
      if (this.#joinsNext) this.#rest.wake()
      this.#arrivals.announce()
    }
  }

  async #join(topics: readonly string[]): Promise<void> {
    // Nothing to be a member for: what was being read is gone.
    if (topics.length === 0) return this.#keepOnly(new Set())
    const { client, names, settings, clock } = this.#door
    const id = names.sinkGroup(this.#sink)
    let assignments = 0
    const joined = Promise.withResolvers<GroupMembership>()
    joined.promise.catch(() => undefined)
    const joining = GroupMembership.join(
      client,
      sinkMember(id, topics, settings.sessionTimeoutMs, () => this.#positions.wanted),
      clock,
      {
        assigned: ours => {
          const assignment = ++assignments
          this.#suspend(ours)
          this.#keepOnly(ours)
          if (ours.size > 0)
            this.#begin(id, ours, joined.promise, () => assignment === assignments).catch(error => {
              if (assignment === assignments) this.#lost(error)
            })
        },
        unassigned: () => {
          assignments++
          this.#suspend(new Set())
        },
        crashed: error => this.#lost(error),
      },
    )
    joining.then(joined.resolve, joined.reject)
    const membership = await joining
    // Nobody would read what a member of a closed source keeps from the others.
    if (this.#closing.signal.aborted) await membership.leave()
    else this.#membership = membership
  }

  #keepOnly(topics: ReadonlySet<string>): void {
    this.#positions.keepOnly(topics)
    this.#beginnings.keepOnly(topics)
  }

  #suspend(ours: ReadonlySet<string>): void {
    for (const topic of this.#positions.ours.keys()) this.#troubles.over(reading.fetching(topic))
    this.#positions.suspend()
    this.#news.reads(ours)
  }

  /** Reads on where the group has committed; a foundation it has not had yet begins at its beginning. */
  async #begin(
    group: string,
    topics: ReadonlySet<string>,
    joined: Promise<GroupMembership>,
    isCurrent: () => boolean,
  ): Promise<void> {
    const { client, clock } = this.#door
    const committed = await client.asAdmin(admin => committedOffsets(admin, group, [...topics], clock))
    const places = new Map(committed.map(one => [one.topic, BigInt(one.partitions[0]?.offset ?? -1)]))
    if (!isCurrent()) return
    this.#positions.resume(places)
    this.#arrivals.announce()
    // One that cannot begin keeps no other one waiting.
    await Promise.all(
      [...places].map(([topic, offset]) =>
        offset < 0n
          ? this.#beginnings.begin(topic, { group, joined, isCurrent })
          : this.#beginnings.begun(topic),
      ),
    )
  }

  /** Keeps something waiting for every foundation, and no more than a batch. */
  async #fetching(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      const positions = this.#positions.ours
      const hungry = [...positions].filter(
        ([, { waiting, waitingBytes }]) => waiting.length < this.#batchMax && waitingBytes < batchMaxBytes,
      )
      if (hungry.length === 0) {
        await this.#arrivals.next(signal).catch(() => undefined)
        continue
      }
      try {
        const waitMs = hungry.length === positions.size ? idleWaitMs : partWaitMs
        const fetching = this.#fetch(new Map(hungry), waitMs)
        await heard(this.#door.clock, fetching, silence => this.#troubles.has(reading.brokers, silence))
      } catch (error) {
        if (signal.aborted) return
        await this.#fetchEach(hungry, error)
        await this.#door.clock.sleep(retryMs, signal).catch(() => undefined)
      }
    }
  }

  /** A topic that cannot be read keeps no other one waiting. `failure`: what fetching all of them ended with. */
  async #fetchEach(hungry: readonly (readonly [string, Position])[], failure: unknown): Promise<void> {
    for (const one of hungry)
      try {
        if (hungry.length === 1) throw failure
        await this.#fetch(new Map([one]), partWaitMs)
      } catch (error) {
        // The brokers may fail this, too; the loop must outlive it.
        await this.#recover(error, one).catch(reason => {
          // What was given to another worker meanwhile is his trouble, and nobody here would say that it is over.
          if (this.#isCurrent(one)) this.#troubles.has(reading.fetching(one[0]), reason)
        })
      }
  }

  async #fetch(hungry: ReadonlyMap<string, Position>, waitMs: number): Promise<void> {
    const from = new Map([...hungry].map(([topic, { fetched }]) => [topic, fetched]))
    const answers = (await this.#reader?.fetch(from, waitMs)) ?? []
    this.#troubles.over(reading.brokers)
    for (const { topic, records, nextOffset } of answers) {
      const position = hungry.get(topic)
      const foundation = this.#door.names.foundationOf(topic)
      if (position === undefined || foundation === null) continue
      this.#troubles.over(reading.fetching(topic))
      addTo(position, foundation, records, nextOffset)
      if (nextOffset !== from.get(topic)) this.#arrivals.announce()
    }
  }

  /** Retention has overtaken us: what is lost is told, and reading goes on at the oldest record, never at the newest. */
  async #recover(error: unknown, [topic, position]: readonly [string, Position]): Promise<void> {
    // The topics there are now are looked up, and joined; the others go on.
    const isUnknown = typesOf(error).includes('UNKNOWN_TOPIC_OR_PARTITION')
    if (isUnknown && !(await this.#door.topics()).shown.includes(topic))
      return this.#isCurrent([topic, position]) ? this.#lost(error) : undefined
    if (!typesOf(error).includes('OFFSET_OUT_OF_RANGE')) throw error
    const earliest = await earliestWhereGone(await this.#door.client.reader(), topic, position)
    if (earliest === null || !this.#isCurrent([topic, position])) return
    this.#news.outOfRange(topic, position.fetched, earliest)
    beginAnew(position, earliest)
  }

  /** Whether it has not been given to another worker since. */
  #isCurrent([topic, position]: readonly [string, Position]): boolean {
    return this.#positions.holding(topic, position) === 'ours'
  }

  /** Joins anew when the membership is lost, and when foundations have come or gone. */
  async #watching(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      await this.#rest.take(this.#restMs(), signal)
      if (signal.aborted) return
      try {
        await this.#joinWhereNeeded()
      } catch (error) {
        if (!signal.aborted) this.#lost(error)
      }
    }
  }

  #restMs(): number {
    const { topicRefreshMs } = this.#door.settings
    if (this.#mustJoin) return this.#mayLackRights ? rightsAgainMs : retryMs
    if (this.#joinsNext && this.#positions.inHand === null) return 0
    if (this.#topics.hidden.size > 0) return Math.min(rightsAgainMs, topicRefreshMs)
    return this.#joined.size === 0 ? Math.min(firstTopicMs, topicRefreshMs) : topicRefreshMs
  }

  async #joinWhereNeeded(): Promise<void> {
    const now = await this.#shownTopics()
    // A member that may not be one is turned away only after many attempts, with a line for each.
    if (this.#mustJoin && this.#mayLackRights) await this.#door.requireRights()
    this.#mayLackRights = false
    const isNeeded = this.#mustJoin || now.symmetricDifference(this.#joined).size > 0
    const { inHand } = this.#positions
    // Between two deliveries: what is in hand could go to another. But what is of a topic that is gone is never settled.
    this.#joinsNext = isNeeded && !this.#mustJoin && inHand !== null && now.has(inHand)
    if (!isNeeded || this.#joinsNext) return this.#arrivals.announce()
    await this.#membership?.leave()
    this.#mustJoin = false
    if (!this.#joined.isSubsetOf(now)) this.#door.client.forgetTopics()
    this.#joined = now
    await this.#join([...now])
    if (!this.#mustJoin) for (const part of [reading.group, reading.brokers]) this.#troubles.over(part)
  }

  /** That they are not known is no reason to leave the group. */
  async #shownTopics(): Promise<ReadonlySet<string>> {
    try {
      const shown = await this.#look()
      this.#troubles.over(reading.topicNames)
      return shown
    } catch (error) {
      if (this.#mustJoin) throw error
      this.#troubles.has(reading.topicNames, error)
      return this.#joined
    }
  }

  async #look(): Promise<ReadonlySet<string>> {
    const { shown, hidden, unhidden, deleted } = await this.#topics.look()
    for (const topic of unhidden) this.#troubles.over(reading.seeing(topic))
    for (const topic of hidden) this.#troubles.has(reading.seeing(topic), new HiddenTopicError(topic))
    for (const topic of deleted)
      this.#door.observer.failed?.(
        new Error(`the topic ${topic} was deleted, with what this sink had not had`),
      )
    return shown
  }

  #lost(error: unknown): void {
    if (this.#closing.signal.aborted) return
    this.#troubles.has(reading.group, error)
    this.#mayLackRights ||= mayLackRights(error)
    this.#mustJoin = true
    this.#rest.wake()
  }
}
