import type { Clock } from '@cf-audit-drain/pipeline'
import type { Consumer } from 'kafkajs'
import { type KafkaClient, rebalanceTimeoutMs, type Sharing } from './kafka-client.ts'
import { KafkaUnavailableError } from './kafka-error.ts'
import { limits } from './kafka-options.ts'
import { watchMember } from './member-watchdog.ts'
import { within } from './within.ts'

export interface MembershipEvents {
  /** Ours from now on, until the next call; the brokers said so `ageMs` ago. */
  assigned(topics: ReadonlySet<string>, ageMs: number): void
  /** Nothing is ours, or not for sure while the group is being shared out anew. Who is not told gets an empty `assigned`. */
  unassigned?(because: 'rebalancing' | 'lost'): void
  /** `ageMs` ago the brokers said that what was assigned still is. */
  confirmed?(ageMs: number): void
  /** The member is dead, and does not come back by itself. */
  crashed(error: Error): void
}

/**
 * A member of a consumer group that fetches nothing: it says which topics are ours, keeps that up by heartbeats
 * whatever the one who reads them is waiting for, and commits. kafkajs ties heartbeats to its handler of batches, so
 * that a slow receiver costs the membership; here no handler ever runs, because every topic is paused before the first
 * fetch.
 */
export class GroupMembership {
  readonly #consumer: Consumer
  readonly #clock: Clock
  readonly #events: MembershipEvents
  #isLeft = false
  /** Ends when no commit is under way. */
  #committed: Promise<void> = Promise.resolve()

  private constructor(consumer: Consumer, clock: Clock, events: MembershipEvents) {
    this.#consumer = consumer
    this.#clock = clock
    this.#events = events
  }

  static async join(
    client: KafkaClient,
    group: {
      readonly id: string
      readonly topics: readonly string[]
      readonly sessionTimeoutMs: number
      readonly sharing?: Sharing
    },
    clock: Clock,
    events: MembershipEvents,
  ): Promise<GroupMembership> {
    const consumer = client.consumer(group.id, group.sessionTimeoutMs, group.sharing)
    const membership = new GroupMembership(consumer, clock, events)
    const { GROUP_JOIN, HEARTBEAT, REBALANCING, REQUEST, CRASH, DISCONNECT, STOP } = consumer.events
    const joined = Promise.withResolvers<void>()
    joined.promise.catch(() => undefined)
    consumer.on(GROUP_JOIN, ({ payload }) => {
      consumer.pause(group.topics.map(topic => ({ topic })))
      membership.#assigned(new Set(Object.keys(payload.memberAssignment)), ageMs)
      joined.resolve()
    })
    // An answer that waited in the socket of a stopped process is as old as its question.
    let ageMs = 0
    consumer.on(REQUEST, ({ payload: { apiName, duration } }) => {
      if (apiName === 'Heartbeat' || apiName === 'SyncGroup') ageMs = duration
    })
    consumer.on(HEARTBEAT, () => {
      if (!membership.#isLeft) events.confirmed?.(ageMs)
    })
    const lost = () => membership.#unassigned('lost')
    for (const event of [DISCONNECT, STOP]) consumer.on(event, lost)
    consumer.on(REBALANCING, () => membership.#unassigned('rebalancing'))
    consumer.on(CRASH, ({ payload }) => {
      lost()
      joined.reject(payload.error)
      if (!membership.#isLeft) events.crashed(payload.error)
    })
    // As long as a joining may take, and a session.
    const silenceMaxMs = group.sessionTimeoutMs + rebalanceTimeoutMs(group.sessionTimeoutMs)
    watchMember(consumer, silenceMaxMs, clock, error => {
      lost()
      if (!membership.#isLeft) events.crashed(error)
    })
    const joining = async () => {
      await consumer.connect()
      await consumer.subscribe({ topics: [...group.topics], fromBeginning: true })
      await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => undefined })
      await joined.promise
    }
    try {
      await within(clock, limits.openMs, `joining the group ${group.id}`, joining())
      return membership
    } catch (error) {
      membership.#retire()
      client.drop(consumer)
      throw error
    }
  }

  /**
   * `offset`: the next one to be read. Refused by the brokers when this member is no longer one, and not tried where `mayStill` says, when
   * its turn has come, that the topic has been another's since.
   */
  async commit(topic: string, offset: bigint, mayStill = () => true): Promise<void> {
    let [isCommitted, isGivenUp] = [false, false]
    const forget = this.#consumer.on(this.#consumer.events.COMMIT_OFFSETS, ({ payload }) => {
      const partitions = payload.topics.find(one => one.topic === topic)?.partitions ?? []
      if (partitions.some(partition => String(partition.offset) === String(offset))) isCommitted = true
    })
    try {
      // kafkajs goes on trying what was given up here: it must not come after what is committed later, and set that back.
      const committing = this.#committed.then(async () => {
        if (isGivenUp) return
        if (!mayStill()) throw new Error('the group was shared out anew before its turn came')
        await this.#consumer.commitOffsets([{ topic, partition: 0, offset: String(offset) }])
      })
      this.#committed = committing.catch(() => undefined)
      await within(this.#clock, limits.requestMs, `committing ${topic}`, committing)
      // kafkajs leaves a commit out without a word when the member is about to stop.
      if (!isCommitted) throw new KafkaUnavailableError('this member is stopping')
    } catch (error) {
      throw new KafkaUnavailableError(`the offset of ${topic} could not be committed`, { cause: error })
    } finally {
      isGivenUp = true
      forget()
    }
  }

  /** Leaves at once: the others need not wait for the session to end. From the call on, nothing is ours. */
  async leave(): Promise<void> {
    this.#retire()
    await within(this.#clock, limits.closeMs, 'leaving the group', this.#consumer.disconnect()).catch(
      () => undefined,
    )
  }

  #assigned(topics: ReadonlySet<string>, ageMs: number): void {
    if (!this.#isLeft) this.#events.assigned(topics, ageMs)
  }

  #unassigned(because: 'rebalancing' | 'lost'): void {
    if (this.#isLeft) return
    if (this.#events.unassigned) this.#events.unassigned(because)
    else this.#events.assigned(new Set(), 0)
  }

  /** kafkajs takes its time to stop: what it says meanwhile must not be taken for the next membership's. */
  #retire(): void {
    this.#unassigned('lost')
    this.#isLeft = true
  }
}
