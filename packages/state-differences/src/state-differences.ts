import { ApiUnavailableError, NotPermittedError, type StateLookups } from '@cf-audit-drain/cloud-foundry'
import type { Scrubber, StateKind } from '@cf-audit-drain/event'
import { type Clock, NotedFailures, type Random } from '@cf-audit-drain/pipeline'
import { KindWatch } from './kind-watch.ts'
import type { ReadingResult, StateObserver } from './observer.ts'
import { Pace } from './pace.ts'
import { UnsteadyListingError } from './read-listing.ts'
import type { StateSession } from './session.ts'

export interface StateDifferencesOptions {
  readonly everyMs: number
  readonly kinds: readonly StateKind[]
}

export interface StateDifferencesDeps {
  readonly clock: Clock
  readonly random: Random
  readonly lookups: StateLookups
  readonly scrubber: Scrubber
  /** Milliseconds for which nothing may be asked, so that polling is not starved by the rate limit. */
  readonly heldBackMs?: () => number
  readonly observer?: StateObserver
}

export interface KindStatus {
  readonly kind: StateKind
  /** Of the last reading; null before the first. */
  readonly result: ReadingResult | null
  /** When a reading was last whole; null when none was in this session. */
  readonly lastReadAt: string | null
  readonly objects: number
  /** Why it is not read; null while it is. */
  readonly problem: string | null
}

const failedMs = 30_000
/** What only an operator changes is tried again so much later. */
const refusedMs = 3_600_000
const untilSeenMs = 60_000
/** One kind after the other begins, so that a start is no burst. */
const beginApartMs = 2_000

const seesTooLittle =
  'the identity does not see every space: what is not shown to it would seem to be gone. Give it cloud_controller.global_auditor'

/** Reads the states of one foundation while one writer of its log is open, each kind on its own. */
export class StateDifferences {
  readonly #options: StateDifferencesOptions
  readonly #deps: StateDifferencesDeps
  readonly #watches: readonly KindWatch[]
  readonly #status: Map<StateKind, KindStatus>

  constructor(options: StateDifferencesOptions, deps: StateDifferencesDeps) {
    this.#options = options
    this.#deps = deps
    const pace = new Pace(deps.clock, options.everyMs, deps.heldBackMs ?? (() => 0))
    const turn = (signal: AbortSignal, count?: number) => pace.turn(signal, count)
    this.#watches = options.kinds.map(kind => new KindWatch(kind, { ...deps, turn }))
    const unread = { result: null, lastReadAt: null, objects: 0, problem: null }
    this.#status = new Map(options.kinds.map(kind => [kind, { kind, ...unread }]))
  }

  status(): readonly KindStatus[] {
    return [...this.#status.values()]
  }

  /** Until aborted. Rejects with what `tell` and `mayClose` reject with, and the signal's reason. */
  async run(session: StateSession, signal: AbortSignal): Promise<void> {
    const failed = new AbortController()
    const all = AbortSignal.any([signal, failed.signal])
    const loops = this.#watches.map((watch, at) => this.#repeat(watch, at * beginApartMs, session, all))
    for (const loop of loops) loop.catch(error => failed.abort(error))
    try {
      await Promise.all(loops)
    } finally {
      await Promise.allSettled(loops)
      await this.#deps.lookups.close()
    }
  }

  async #repeat(
    watch: KindWatch,
    firstMs: number,
    session: StateSession,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, random } = this.#deps
    await clock.sleep(firstMs, signal)
    for (let failures = 0; ; ) {
      const pauseMs = await this.read(watch, failures, session, signal)
      failures = this.#status.get(watch.kind)?.result === 'failed' ? failures + 1 : 0
      await clock.sleep(pauseMs * (0.9 + 0.2 * random()), signal)
    }
  }

  /** One reading; returns how long to wait for the next. */
  async read(
    watch: KindWatch,
    failures: number,
    session: StateSession,
    signal: AbortSignal,
  ): Promise<number> {
    const { everyMs } = this.#options
    if (!session.seesEverything()) {
      this.#refused(watch, new Error(seesTooLittle))
      return untilSeenMs
    }
    const startedMs = this.#deps.clock.monotonic()
    const ofSession = new NotedFailures()
    try {
      this.#ended(watch, await watch.look(noting(session, ofSession), signal), null)
      return Math.max(0, everyMs - (this.#deps.clock.monotonic() - startedMs))
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof NotPermittedError || error instanceof ApiUnavailableError) {
        this.#refused(watch, error)
        return Math.max(everyMs, refusedMs)
      }
      if (error instanceof UnsteadyListingError) {
        this.#ended(watch, 'unsteady', error.message)
        return everyMs
      }
      if (ofSession.has(error) || !(error instanceof Error)) throw error
      const pauseMs = Math.min(everyMs, failedMs * 2 ** Math.min(failures, 10))
      this.#ended(watch, 'failed', error.message)
      this.#deps.observer?.failed?.(watch.kind, error, pauseMs)
      return pauseMs
    }
  }

  #refused(watch: KindWatch, error: Error): void {
    const wasRefused = this.#status.get(watch.kind)?.result === 'refused'
    this.#ended(watch, 'refused', error.message)
    if (!wasRefused) this.#deps.observer?.refused?.(watch.kind, error)
  }

  #ended(watch: KindWatch, result: ReadingResult, problem: string | null): void {
    const { kind, objects } = watch
    const isWhole = result === 'read' || result === 'baseline'
    const before = this.#status.get(kind)?.lastReadAt ?? null
    const lastReadAt = isWhole ? new Date(this.#deps.clock.now()).toISOString() : before
    this.#status.set(kind, { kind, result, lastReadAt, objects, problem })
    this.#deps.observer?.reading?.(kind, result, objects)
  }
}

/**
 * What `tell` and `mayClose` reject with ends the session. Anything else is the affair of this kind alone, an answer that nobody
 * thought of included: it must not end the polling of events.
 */
function noting(session: StateSession, failures: NotedFailures): StateSession {
  return {
    ...session,
    tell: (events, kept) => failures.of(session.tell(events, kept)),
    mayClose: signal => failures.of(session.mayClose(signal)),
  }
}
