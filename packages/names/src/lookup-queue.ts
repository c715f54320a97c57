import {
  CloudFoundryError,
  canBeLookedUp,
  lookupBytesMax,
  lookupGuidsMax,
  NotPermittedError,
  RateLimitedError,
} from '@cf-audit-drain/cloud-foundry'
import type { Clock } from '@cf-audit-drain/pipeline'
import { boundedWait } from './bounded-wait.ts'

/** Why a name is not there. See `UnresolvedName` of the event. */
export type LookupFailure = 'absent' | 'late' | 'forbidden' | 'rate-limited' | 'unavailable' | 'unknown-form'

export interface LookupQueueDeps {
  readonly clock: Clock
  /** Asks Cloud Controller, and takes in what it says; resolves to the guids it told something of. */
  readonly ask: (guids: readonly string[], signal: AbortSignal) => Promise<ReadonlySet<string>>
  /** Milliseconds for which nothing may be asked, so that polling has the rate limit to itself; 0: go on. */
  readonly heldBackMs: () => number
  readonly onFailure?: (error: Error, pauseMs: number) => void
}

/** Guids that are asked for together. */
interface Lot {
  readonly guids: Set<string>
  bytes: number
  readonly done: PromiseWithResolvers<void>
}

const lotsMax = 40
const absentMax = 50_000
const absentMs = 600_000
const firstPauseMs = 5_000
const pauseMaxMs = 300_000
const forbiddenMs = 600_000
/** Of one request. Nobody waits that long, but what comes late is known for the next event. */
const requestMs = 15_000

/**
 * The things of one kind that are to be looked up: gathered into requests of at most 150 guids, one request at a time. After a
 * failure nothing is asked for a while, so a service that hangs or refuses costs the events behind it nothing.
 */
export class LookupQueue {
  readonly #deps: LookupQueueDeps
  readonly #lots: Lot[] = []
  readonly #lotOf = new Map<string, Lot>()
  readonly #absent = new Map<string, number>()
  readonly #signal: AbortSignal
  #running = false
  #failure: { readonly reason: LookupFailure; readonly untilMs: number } | null = null
  #pauseMs = 0
  /** Somebody waited in vain: nobody does again before an answer came. */
  #isLate = false

  constructor(deps: LookupQueueDeps, signal: AbortSignal) {
    this.#deps = deps
    this.#signal = signal
  }

  /** Resolves when the guid was answered, or was not; never rejects. Null when there is nothing to wait for. */
  ask(guid: string): Promise<void> | null {
    const asked = this.#lotOf.get(guid)
    if (asked !== undefined) return this.#isLate ? null : asked.done.promise
    if (this.whyNot(guid) !== null || this.#lots.length >= lotsMax) return null
    const lot = this.#lotFor(guid)
    lot.guids.add(guid)
    lot.bytes += guid.length + 1
    this.#lotOf.set(guid, lot)
    this.#start()
    return this.#isLate ? null : lot.done.promise
  }

  /** Why asking for it now would be in vain; null when it would not. */
  whyNot(guid: string): LookupFailure | null {
    if (!canBeLookedUp(guid)) return 'unknown-form'
    const nowMs = this.#deps.clock.monotonic()
    if (this.#failure !== null && nowMs < this.#failure.untilMs) return this.#failure.reason
    const absentUntilMs = this.#absent.get(guid)
    if (absentUntilMs === undefined) return null
    if (nowMs < absentUntilMs) return 'absent'
    this.#absent.delete(guid)
    return null
  }

  /** Why the name of the guid is not there. */
  failureOf(guid: string): LookupFailure {
    return this.#absent.has(guid) ? 'absent' : (this.whyNot(guid) ?? 'late')
  }

  /** Those who waited have gone on. */
  gaveUp(): void {
    if (this.#lotOf.size > 0) this.#isLate = true
  }

  #lotFor(guid: string): Lot {
    const last = this.#lots.at(-1)
    if (last && last.guids.size < lookupGuidsMax && last.bytes + guid.length < lookupBytesMax) return last
    const lot = { guids: new Set<string>(), bytes: 0, done: Promise.withResolvers<void>() }
    this.#lots.push(lot)
    return lot
  }

  #start(): void {
    if (this.#running) return
    this.#running = true
    // Whoever asks for many asks for all of them first.
    queueMicrotask(() => this.#run())
  }

  async #run(): Promise<void> {
    for (let lot = this.#lots.shift(); lot !== undefined; lot = this.#lots.shift()) {
      const guids = [...lot.guids]
      await this.#look(guids)
      for (const guid of guids) this.#lotOf.delete(guid)
      lot.done.resolve()
    }
    this.#running = false
  }

  async #look(guids: readonly string[]): Promise<void> {
    const { clock, ask, heldBackMs } = this.#deps
    if (this.#failure !== null && clock.monotonic() < this.#failure.untilMs) return
    const held = heldBackMs()
    if (held > 0) {
      this.#failure = { reason: 'rate-limited', untilMs: clock.monotonic() + Math.min(held, pauseMaxMs) }
      return
    }
    const wait = boundedWait(requestMs, clock, this.#signal)
    try {
      const told = await ask(guids, wait.signal)
      this.#failure = null
      this.#pauseMs = 0
      this.#isLate = false
      for (const guid of guids) if (!told.has(guid)) this.#remember(guid)
    } catch (error) {
      this.#failed(error as Error)
    } finally {
      await wait.end()
    }
  }

  #remember(guid: string): void {
    if (this.#absent.size >= absentMax) this.#absent.clear()
    this.#absent.set(guid, this.#deps.clock.monotonic() + absentMs)
  }

  #failed(error: Error): void {
    if (this.#signal.aborted) return
    this.#pauseMs = Math.min(pauseMaxMs, Math.max(firstPauseMs, this.#pauseMs * 2))
    const told = error instanceof RateLimitedError ? (error.retryAfterMs ?? 0) : 0
    const pauseMs =
      error instanceof NotPermittedError ? forbiddenMs : Math.max(this.#pauseMs, Math.min(told, pauseMaxMs))
    this.#failure = { reason: reasonOf(error), untilMs: this.#deps.clock.monotonic() + pauseMs }
    this.#deps.onFailure?.(error, pauseMs)
  }
}

function reasonOf(error: Error): LookupFailure {
  if (error instanceof NotPermittedError) return 'forbidden'
  if (error instanceof RateLimitedError) return 'rate-limited'
  return error instanceof CloudFoundryError ? 'unavailable' : 'late'
}
