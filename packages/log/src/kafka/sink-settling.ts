import { afterStop, type Batch, type Clock, orAborted } from '@cf-audit-drain/pipeline'
import type { Arrivals } from '../arrivals.ts'
import type { LogRecord } from '../ports.ts'
import type { GroupMembership } from './group-membership.ts'
import type { Holding } from './held-positions.ts'
import { givenUpAtStop, typesOf } from './kafka-error.ts'
import { limits } from './kafka-options.ts'
import { type ReadingTroubles, reading } from './reading-troubles.ts'
import type { SinkSourceObserver } from './sink-source-door.ts'
import { giveBack, nextOffset, type Position, passedOver } from './waiting-records.ts'

const retryMs = 500
/** Between two looks whether a topic is ours again: the brokers are being asked for the group's place. */
const undecidedMs = 20
/** Between two tries to commit what was passed and not delivered. */
const passAgainMs = 5_000
/** Between two looks at rights that are lacking. */
export const rightsAgainMs = 2_000

export interface SettlingDoor {
  readonly clock: Clock
  readonly observer: SinkSourceObserver
  readonly troubles: ReadingTroubles
  readonly closing: AbortSignal
  readonly settleBy: AbortSignal
  holding(topic: string, position: Position): Holding
  /** Who commits; null: nobody yet. */
  membership(): GroupMembership | null
  /** Has the topic read from there again. */
  readAgain(topic: string, offset: bigint): void
}

/** What was delivered, until it is settled. */
export interface Delivered {
  readonly topic: string
  readonly position: Position
  readonly batch: Batch<LogRecord>
}

/** Commits what a sink has delivered, or gives it back. */
export class SinkSettling {
  readonly #door: SettlingDoor
  /** Whoever reads stops with it. */
  #stop = new AbortController().signal

  constructor(door: SettlingDoor) {
    this.#door = door
  }

  /** Once this is aborted, brokers that do not answer are waited for no longer than a stopping process may. */
  stopsWith(stop: AbortSignal): void {
    this.#stop = stop
  }

  /** `broken`: of the batch only so many are delivered. */
  async settle(delivered: Delivered, broken?: { readonly done: number }): Promise<void> {
    const { position, batch } = delivered
    const { done } = broken ?? { done: batch.length }
    giveBack(position, batch.slice(done))
    if (done === 0) return
    const through = await this.#untilGivenUp(givenUp => this.#commit(delivered, givenUp))
    if (through === null) this.#door.observer.deliveredTwice?.(done)
    else position.place = through
  }

  /** For when nothing is in hand: until something may have come, or a place has passed what holds no event. */
  async untilMore(
    positions: ReadonlyMap<string, Position>,
    arrivals: Arrivals,
    stop: AbortSignal,
  ): Promise<void> {
    const arrival = arrivals.next(stop)
    arrival.catch(() => undefined)
    const passed = passedOver(positions)
    if (passed === null) return arrival
    if (await this.#passOver(passed, stop)) return
    const again = this.#door.clock.sleep(passAgainMs, AbortSignal.any([stop, this.#door.closing]))
    await Promise.race([arrival, again.catch(() => undefined)])
  }

  /**
   * Commits that nothing is to be delivered up to where the last fetch came to: control records and aborted ones lie there. Else a
   * lag stays for tools that count offsets, and what retention takes of it would be told as lost. What comes meanwhile is not passed.
   * False: it could not be committed.
   */
  async #passOver([topic, position]: readonly [string, Position], stop: AbortSignal): Promise<boolean> {
    const through = position.fetched
    const signal = AbortSignal.any([stop, this.#door.closing])
    try {
      const membership = this.#door.membership()
      if (membership === null) return false
      const mayStill = () => this.#door.holding(topic, position) === 'ours'
      await orAborted(membership.commit(topic, through, mayStill), signal)
      position.place = through
      return true
    } catch {
      stop.throwIfAborted()
      return false
    }
  }

  /**
   * With a signal that is aborted `stopMs` after the stop, or after now where that was earlier, and with `settleBy` in any case: what its
   * receiver confirms late, while it is given time to, is committed as well.
   */
  async #untilGivenUp<T>(work: (givenUp: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, closing, settleBy } = this.#door
    const over = new AbortController()
    const late = afterStop(this.#stop, limits.stopMs, clock, AbortSignal.any([closing, over.signal]))
    try {
      return await work(AbortSignal.any([late, settleBy]))
    } finally {
      over.abort()
    }
  }

  /** Until it is durable, as what; null: the foundation is another worker's, or its topic is read anew, or it is given up. */
  async #commit({ topic, position, batch }: Delivered, givenUp: AbortSignal): Promise<bigint | null> {
    const holding = () => this.#door.holding(topic, position)
    const { clock, troubles, closing } = this.#door
    const rest = (ms: number) => clock.sleep(ms, AbortSignal.any([closing, givenUp])).catch(() => undefined)
    for (;;) {
      const membership = this.#door.membership()
      if (holding() === 'gone' || membership === null || givenUp.aborted) break
      try {
        // Whoever had it meanwhile may have come further: that must not be set back.
        if (holding() === 'undecided') await rest(undecidedMs)
        else {
          // Control records are passed, too; and where the topic was made anew in the meantime its beginning is not.
          const through = nextOffset(position)
          const mayStill = () => holding() === 'ours' || holding() === 'ending'
          await orAborted(membership.commit(topic, through, mayStill), givenUp)
          troubles.over(reading.committing(topic))
          // The group was shared out anew while the commit was tried: whoever has the topic now may have begun before it.
          return holding() === 'gone' ? null : through
        }
      } catch (thrown) {
        const error = givenUp.aborted ? givenUpAtStop() : thrown
        // That the group is not shared out is a trouble of its own, and told as such.
        if (holding() === 'ours') troubles.has(reading.committing(topic), error)
        const isRefused = typesOf(error).includes('TOPIC_AUTHORIZATION_FAILED')
        await rest(isRefused ? rightsAgainMs : retryMs)
        // The other foundations wait for this delivery: it is had again once this login may read the topic again.
        if (isRefused && holding() === 'ours') this.#door.readAgain(topic, BigInt(batch[0].offset))
      }
    }
    troubles.over(reading.committing(topic))
    return null
  }
}
