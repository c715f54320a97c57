import type { LedgerWindow } from '@cf-audit-drain/log'
import type { Random } from '@cf-audit-drain/pipeline'
import { CleanUp, rangeOfSpan, spansOf } from './clean-up.ts'
import { SpanComparer } from './compare-span.ts'
import { LastLookRequests } from './last-look-requests.ts'
import { isDone } from './ledger.ts'
import { reachBack } from './reach-back.ts'
import { rowsWantedOf } from './read-segment.ts'
import { mayClose, type Session } from './session.ts'
import { ShortAgain } from './short-again.ts'
import { requestsToShow } from './shows-exactly.ts'
import { SumCuts } from './sum-cuts.ts'
import { requestsMax, VerificationCost } from './verification-cost.ts'
import { batchesOf, cutAt, daysOf, expected, isUnchecked } from './window-batches.ts'

/** Of the requests of a verification, for spans that the clean-up may take any time. */
const leavingRequestsMax = 10
/** For short windows to be read again, and for those with losses to be counted: what comes after them must have its turn. */
const shortRequestsMax = 16
const lossRequestsMax = 6
/** A difference among so few rows is read rather than halved once more. */
const rowsReadAtOnce = 500
/** The clean-up is looked for so often, and when a count has gone down. */
const cleanUpEveryMs = 3_600_000
/** Every so many verifications the sum is right in two parts, too: what came and what went could make up for each other. */
const cutEvery = 8
/** How long before the clean-up comes a window is compared guid by guid once more. */
const lastLookSec = 86_400
/** Last looks wait until a request has this many windows to read: three hours of a quiet foundation. */
const lastLookWindows = 36

export interface Verified {
  /** False while the identity sees less than before, or it is not known what it sees: then nothing was asked. */
  readonly isCompared: boolean
  readonly requests: number
  readonly rows: number
  /** Events that were found and are in the log now. */
  readonly published: number
  /** Windows whose count was as expected. */
  readonly windows: number
  /** The oldest event that Cloud Controller shows, as last seen; null when that is not known. */
  readonly oldestSec: number | null
  readonly retentionSec: number
}

export interface VerifierDeps {
  oldestSec(signal: AbortSignal): Promise<number | null>
  nowMs(): number
  readonly random: Random
  /** How often the poller polls: what more it may ask for is measured by that. */
  readonly pollIntervalMs: number
  /** When an earlier process was last at work, in Cloud Controller's clock; left out: not known. */
  readonly sinceSec?: number
}

/**
 * Compares what the ledger says with Cloud Controller, again and again: all windows that are passed by one count, and
 * where that differs by halves down to the windows that are then read. What is gone from the old end by the clean-up is
 * told apart from what is gone from within.
 */
export class Verifier {
  readonly #session: Session
  readonly #deps: VerifierDeps
  readonly #cleanUp: CleanUp
  readonly #cost = new VerificationCost()
  readonly #comparer: SpanComparer
  readonly #shortAgain = new ShortAgain()
  readonly #cuts: SumCuts
  readonly #lookRequests: LastLookRequests
  #cleanUpMs = Number.NEGATIVE_INFINITY
  #cleanUpSec: number | undefined
  #verifications = 0
  /** How often the clean-up was seen to have taken something … */
  #edges = 0
  /** … and had been, when the sums were last right on each side of what it may have reached. */
  #edgesCounted = 0

  constructor(session: Session, deps: VerifierDeps) {
    this.#deps = deps
    this.#cleanUp = session.cleanUp ?? new CleanUp()
    this.#cleanUpSec = deps.sinceSec
    this.#session = { ...session, source: this.#cost.of(session.source) }
    this.#cuts = new SumCuts(deps.random)
    this.#lookRequests = new LastLookRequests(deps.pollIntervalMs, deps.nowMs())
    this.#comparer = new SpanComparer(this.#session, this.#cleanUp, this.#cost)
  }

  async verify(signal: AbortSignal): Promise<Verified> {
    this.#cost.reset()
    this.#comparer.published = 0
    this.#shortAgain.begin(this.#deps.nowMs())
    if (!(await mayClose(this.#session, signal))) return this.#result(null)
    if (this.#deps.nowMs() - this.#cleanUpMs >= cleanUpEveryMs) await this.#lookForCleanUp(signal)
    let windows = 0
    const isCut = (this.#verifications + 1) % cutEvery === 0
    const [kept, leaving] = this.#byCleanUp(spansOf(this.#passed()))
    const cutSec = isCut ? this.#cuts.next(rangeOfSpan(kept.flat())) : null
    const edges = this.#edges
    const parts = kept.flatMap(span => this.#parts(span, cutSec))
    for (const span of parts) if (!this.#cost.isUsedUp) windows += await this.#verifySpan(span, signal)
    this.#verifications++
    if (!this.#cost.isUsedUp) this.#edgesCounted = edges
    const mostRequests = this.#cost.requests + leavingRequestsMax
    for (const span of leaving)
      if (this.#cost.requests < mostRequests) windows += await this.#verifySpan(span, signal)
    await this.#tryShortAgain(signal)
    await this.#compareCounted(signal)
    await this.#lookLast(signal)
    return this.#result(windows)
  }

  /** Null: nothing was compared. */
  #result(windows: number | null): Verified {
    const { oldestSec, retentionSec } = this.#cleanUp
    const { requests, rows } = this.#cost
    const { published } = this.#comparer
    const isCompared = windows !== null
    return { isCompared, requests, rows, published, windows: windows ?? 0, oldestSec, retentionSec }
  }

  /**
   * A clean-up that is half done takes windows out of the middle of the oldest time, and leaves many spans there: those that it may
   * take wholly come last, newest first.
   */
  #byCleanUp(spans: readonly (readonly LedgerWindow[])[]) {
    const reachesSec = this.#cleanUp.reachesSec(this.#session.nowSec())
    const isLeaving = (span: readonly LedgerWindow[]) => rangeOfSpan(span).toSec <= reachesSec
    return [spans.filter(span => !isLeaving(span)), spans.filter(isLeaving).reverse()] as const
  }

  /** What is asked for by one count each. `cutSec`: where it is cut; null: nowhere. */
  #parts(span: readonly LedgerWindow[], cutSec: number | null): readonly (readonly LedgerWindow[])[] {
    if (span.some(isUnchecked)) return daysOf(span)
    const cuts = cutSec === null ? [] : [cutSec]
    if (this.#edges !== this.#edgesCounted) cuts.push(this.#cleanUp.reachesSec(this.#session.nowSec()))
    return cutAt(span, cuts)
  }

  async #verifySpan(span: readonly LedgerWindow[], signal: AbortSignal): Promise<number> {
    const before = expected(span)
    const shown = await this.#session.source.countAuditEvents(rangeOfSpan(span), signal)
    if (shown === before || shown === expected(this.#fresh(span))) {
      await this.#closeUnchecked(span, signal)
      return span.length
    }
    if (shown > before) return this.#halve(span, shown, signal)
    await this.#lookForCleanUp(signal)
    const left = this.#fresh(span)
    // The clean-up took whole windows: what it has left is told by what it has taken.
    if (left.length === 0) return 0
    if (left.length < span.length) return this.#verifySpan(left, signal)
    return this.#halve(left, shown, signal)
  }

  /** `shown`: how many Cloud Controller counts there. Resolves to the windows that were as expected. */
  async #halve(span: readonly LedgerWindow[], shown: number, signal: AbortSignal): Promise<number> {
    if (shown === expected(this.#fresh(span))) {
      await this.#closeUnchecked(span, signal)
      return span.length
    }
    if (this.#cost.isUsedUp) return 0
    if (span.length === 1 || shown <= rowsReadAtOnce) {
      await this.#comparer.compare(span, signal)
      return 0
    }
    const middle = span.length >> 1
    const older = await this.#session.source.countAuditEvents(rangeOfSpan(span.slice(0, middle)), signal)
    // The newer half first: much may differ at the old end while a clean-up is half done.
    return (
      (await this.#halve(span.slice(middle), Math.max(0, shown - older), signal)) +
      (await this.#halve(span.slice(0, middle), older, signal))
    )
  }

  async #lookForCleanUp(signal: AbortSignal): Promise<void> {
    this.#cost.requests++
    this.#cost.rows++
    const oldestSec = await this.#deps.oldestSec(signal)
    // What a narrower token is shown says nothing of the clean-up.
    if (!(await mayClose(this.#session, signal))) return
    this.#cleanUpMs = this.#deps.nowMs()
    await reachBack(this.#session, oldestSec)
    if (oldestSec !== this.#cleanUp.oldestSec) this.#edges++
    const { recorder } = this.#session
    const nowSec = this.#session.nowSec()
    const { acceptedSec } = recorder.checkpoint
    const reached = this.#cleanUp.reached(this.#passed(), oldestSec, nowSec, this.#cleanUpSec, acceptedSec)
    this.#cleanUpSec = nowSec
    if (reached.length === 0) return
    const checkedAtMs = this.#deps.nowMs()
    await recorder.mark(now =>
      reached.flatMap(({ fromSec }) => {
        const window = now.windowOf(fromSec)
        return window === null ? [] : [{ ...window, state: 'expired', checkedAtMs }]
      }),
    )
    recorder.ledger.takeExpired()
  }

  /** Windows that were passed and not compared, as before there was a ledger, and whose sum is right. */
  async #closeUnchecked(span: readonly LedgerWindow[], signal: AbortSignal): Promise<void> {
    if (!span.some(isUnchecked) || !(await mayClose(this.#session, signal))) return
    const checkedAtMs = this.#deps.nowMs()
    await this.#session.recorder.mark(now =>
      span.flatMap(({ fromSec }) => {
        const window = now.windowOf(fromSec)
        if (window?.state !== 'open') return []
        return [{ ...window, state: 'counted', counted: window.held, checkedAtMs }]
      }),
    )
  }

  /** Equal sums may hide one that is missing and one that is gone: each is compared guid by guid, once in a session. */
  async #compareCounted(signal: AbortSignal): Promise<void> {
    const due = this.#passed().filter(
      window => window.state === 'counted' && !this.#comparer.hasCompared(window),
    )
    for (const batch of batchesOf(due, rowsWantedOf(this.#session.source))) {
      if (this.#cost.requests >= requestsMax / 2) return
      await this.#comparer.compare(batch, signal)
    }
  }

  /** What was counted and not shown may be shown now, and what was gone be back, and the count does not tell. */
  async #tryShortAgain(signal: AbortSignal): Promise<void> {
    const rowsMax = Math.min(rowsReadAtOnce, rowsWantedOf(this.#session.source))
    const mostRead = this.#cost.requests + shortRequestsMax
    for (const span of this.#shortAgain.due(this.#passed(), rowsMax)) {
      if (this.#cost.requests >= mostRead) break
      this.#shortAgain.read(span)
      await this.#comparer.compare(span, signal)
    }
    const [kept] = this.#byCleanUp(spansOf(this.#passed()))
    const mostCounted = this.#cost.requests + lossRequestsMax
    for (const span of this.#shortAgain.lossesDue(kept.flat())) {
      if (this.#cost.requests >= mostCounted) break
      this.#shortAgain.counted(span)
      for (const part of spansOf(this.#fresh(span))) await this.#verifySpan(part, signal)
    }
    this.#shortAgain.end()
  }

  /** Before the clean-up comes: after it nobody can compare any more. */
  async #lookLast(signal: AbortSignal): Promise<void> {
    const reachesSec = this.#cleanUp.reachesSec(this.#session.nowSec())
    const dueSec = reachesSec + lastLookSec
    const due = this.#passed().filter(window => {
      const { fromSec, checkedAtMs, state } = window
      if (fromSec >= dueSec || fromSec < reachesSec || state === 'open') return false
      return (checkedAtMs ?? 0) / 1000 < fromSec + this.#cleanUp.retentionSec - lastLookSec
    })
    const batches = batchesOf(due, rowsWantedOf(this.#session.source))
    for (const [i, batch] of batches.entries()) {
      // The next window would be too much for it.
      const hasNext = batches[i + 1]?.[0]?.fromSec === batch.at(-1)?.toSec
      const isFull = batch.length >= lastLookWindows || hasNext
      const isUrgent = (batch[0]?.fromSec ?? 0) < reachesSec + lastLookSec / 2
      if (!isFull && !isUrgent) continue
      if (this.#cost.isUsedUp) return
      const before = this.#cost.requests
      try {
        if (!(await this.#proved(batch, signal))) await this.#comparer.compare(batch, signal)
      } finally {
        this.#lookRequests.made(this.#cost.requests - before)
      }
    }
  }

  /** Without reading its rows, which takes more requests. */
  async #proved(batch: readonly LedgerWindow[], signal: AbortSignal): Promise<boolean> {
    const requests = requestsToShow(expected(batch))
    if (this.#cost.requests + requests > requestsMax) return false
    if (!this.#lookRequests.mayMake(requests, this.#deps.nowMs())) return false
    return this.#comparer.prove(batch, signal)
  }

  /** Passed, and not expired; oldest first. */
  #passed(): readonly LedgerWindow[] {
    const { ledger, checkpoint } = this.#session.recorder
    return ledger.windows.filter(window => window.state !== 'expired' && isDone(window, checkpoint))
  }

  /** As they are now; those that have expired meanwhile are left out. */
  #fresh(span: readonly LedgerWindow[]): readonly LedgerWindow[] {
    return span.flatMap(({ fromSec }) => {
      const window = this.#session.recorder.ledger.windowOf(fromSec)
      return window === null || window.state === 'expired' ? [] : [window]
    })
  }
}
