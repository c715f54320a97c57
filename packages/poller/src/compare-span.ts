import { type LedgerWindow, missingOf } from '@cf-audit-drain/log'
import { type CleanUp, rangeOfSpan } from './clean-up.ts'
import type { Look, LookMaker, ShownRows } from './look.ts'
import { readOn } from './read-on.ts'
import { mayClose, type Session } from './session.ts'
import { showsExactly } from './shows-exactly.ts'
import type { VerificationCost } from './verification-cost.ts'
import { batchesOf } from './window-batches.ts'

/** So many guids are read out of the log for one comparison. */
const heldAtOnce = 20_000

/** Where guids could not be counted, that is tried again. */
const proveAgainSec = 3_600

/** Nothing of it is missing, gone or hidden, and it holds nothing that is no event. */
function isSound({ state, counted, held, deadLetters, gone, hidden }: LedgerWindow): boolean {
  const isCompared = state === 'closed' || state === 're-checked'
  return isCompared && counted === held && deadLetters + gone + hidden === 0
}

/** Windows that miss something each by itself, and those between them together. */
function partsByMissing(
  span: readonly LedgerWindow[],
  misses: (window: LedgerWindow) => boolean,
): readonly (readonly [LedgerWindow, ...LedgerWindow[]])[] {
  const parts: [LedgerWindow, ...LedgerWindow[]][] = []
  let isAlone = true
  for (const window of span) {
    const wasAlone = isAlone
    isAlone = misses(window)
    const before = parts.at(-1)
    if (before !== undefined && !isAlone && !wasAlone) before.push(window)
    else parts.push([window])
  }
  return parts
}

/** Reads contiguous windows of the ledger whole: what is missing is recorded, and each is compared guid by guid. */
export class SpanComparer {
  /** Events that were found and are in the log now. */
  published = 0
  readonly #session: Session
  readonly #cleanUp: CleanUp
  readonly #cost: VerificationCost
  readonly #compared = new Set<number>()
  /** Later when it turned out that Cloud Controller, or what is before it, does not take guids. */
  #proveFromSec = Number.NEGATIVE_INFINITY

  /** `session`: its source counts into `cost`. */
  constructor(session: Session, cleanUp: CleanUp, cost: VerificationCost) {
    this.#session = session
    this.#cleanUp = cleanUp
    this.#cost = cost
  }

  /** Whether the window was compared guid by guid in this session. */
  hasCompared({ fromSec }: LedgerWindow): boolean {
    return this.#compared.has(fromSec)
  }

  async compare(span: readonly LedgerWindow[], signal: AbortSignal): Promise<void> {
    const { recorder } = this.#session
    const range = rangeOfSpan(span)
    const held = span.reduce((sum, window) => sum + window.held, 0)
    const look = recorder.look(range)
    const read = () => this.#readInto(look, span, signal)
    try {
      await (held > heldAtOnce ? read() : recorder.withHeld(range, read))
    } finally {
      look.end()
    }
  }

  /**
   * The same without a row being read, where nothing is known to be wrong and nothing is. False: the span is to be read, for
   * Cloud Controller shows something else, or it cannot be told in this way.
   */
  async prove(span: readonly LedgerWindow[], signal: AbortSignal): Promise<boolean> {
    if (this.#session.nowSec() < this.#proveFromSec || !span.every(isSound)) return false
    const { recorder } = this.#session
    const range = rangeOfSpan(span)
    const look = recorder.look(range)
    try {
      return await recorder.withHeld(range, () => this.#prove(look, span, signal))
    } finally {
      look.end()
    }
  }

  async #prove(look: LookMaker, span: readonly LedgerWindow[], signal: AbortSignal): Promise<boolean> {
    const { recorder, source } = this.#session
    const shown = new Map<number, ShownRows>()
    for (const window of span) {
      const keys = new Set(recorder.heldKeys(window))
      // The log has forgotten some of them.
      if (keys.size !== window.held) return false
      shown.set(window.fromSec, { rows: keys.size, keys })
    }
    const guids = [...shown.values()].flatMap(({ keys }) => [...keys])
    const isShown = await showsExactly(source, rangeOfSpan(span), guids, signal)
    if (isShown === null) this.#proveFromSec = this.#session.nowSec() + proveAgainSec
    if (isShown !== true) return false
    if (!(await mayClose(this.#session, signal))) return true
    const expiresBeforeSec = this.#cleanUp.reachesSec(this.#session.nowSec())
    await this.#record(span, { ...look.made({ expiresBeforeSec }), shown })
    return true
  }

  async #readInto(look: LookMaker, span: readonly LedgerWindow[], signal: AbortSignal): Promise<void> {
    const range = rangeOfSpan(span)
    let missing = 0
    let published = 0
    for await (const segment of readOn(this.#session, range, signal)) {
      look.add(segment)
      missing += segment.missing
      published += segment.published
    }
    this.published += published
    if (published > 0) this.#session.observer.late?.({ ...range, published })
    const expiresBeforeSec = this.#cleanUp.reachesSec(this.#session.nowSec())
    if (missing > 0 && span.length > 1) return this.#pinDown(span, look.made({ expiresBeforeSec }), signal)
    if (!(await mayClose(this.#session, signal))) return
    await this.#record(span, look.made({ missing, expiresBeforeSec }))
  }

  /** Guid by guid, so much at once as fits into memory: where little is shown, very much may be held. */
  async #record(span: readonly LedgerWindow[], look: Look): Promise<void> {
    for (const part of batchesOf(span, heldAtOnce, ({ held }) => held))
      await this.#session.recorder.record([], now => now, { ...look, range: rangeOfSpan(part) })
    for (const { fromSec } of span) this.#compared.add(fromSec)
  }

  /**
   * Windows that together do not show all that is counted: halves whose count is what they have shown, and what is known to
   * be missing there, are not gone into, and what they have shown is recorded. Reading each window instead would use up the requests
   * of this verification, and of the next one on the same windows again.
   */
  async #pinDown(span: readonly LedgerWindow[], look: Look, signal: AbortSignal): Promise<void> {
    if (this.#cost.isUsedUp) return
    if (span.length === 1) return this.compare(span, signal)
    const middle = span.length >> 1
    for (const half of [span.slice(0, middle), span.slice(middle)]) {
      const range = rangeOfSpan(half)
      const known = half.map(window => this.#missingOf(window, look))
      const shown = half.reduce((sum, { fromSec }) => sum + (look.shown.get(fromSec)?.rows ?? 0), 0)
      const counted = await this.#session.source.countAuditEvents(range, signal)
      const explained = shown + known.reduce((sum, missing) => sum + missing, 0)
      if (counted !== explained) await this.#pinDown(half, look, signal)
      else if (await mayClose(this.#session, signal)) await this.#recordKnown(half, look)
    }
  }

  /**
   * What is known to be missing is missing in the windows where it was: their sum says so, and each that is short is read by itself
   * again and again.
   */
  async #recordKnown(half: readonly LedgerWindow[], look: Look): Promise<void> {
    for (const part of partsByMissing(half, window => this.#missingOf(window, look) > 0))
      await this.#record(part, { ...look, missing: this.#missingOf(part[0], look) })
  }

  /**
   * Of what is known to be missing there, what this look has not shown, either. As the ledger has it now: rows may have come that
   * were known to be missing. And rows may be missing in the ledger that are shown: late ones of a window that the log has forgotten,
   * and dead letters until this look is recorded.
   */
  #missingOf({ fromSec }: LedgerWindow, look: Look): number {
    const window = this.#session.recorder.ledger.windowOf(fromSec)
    if (window === null) return 0
    const notShown = (window.counted ?? 0) - (look.shown.get(fromSec)?.rows ?? 0)
    return Math.max(0, Math.min(missingOf(window), notShown))
  }
}
