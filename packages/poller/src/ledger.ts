import {
  digestOf,
  emptyWindow,
  LedgerSummary,
  type LedgerVerdict,
  type LedgerWindow,
  ledgerWindowSec,
  missingOf,
} from '@cf-audit-drain/log'
import type { Checkpoint } from './checkpoint.ts'
import { isPassed } from './is-passed.ts'
import type { Look, Recorded, ShownRows } from './look.ts'
import { overlaps, type Range, subtract } from './range.ts'

/** What a publish is about to add, and how the ledger learns what is held already. */
export interface Addition {
  /** New in the log; dead letters are told by looks alone. */
  readonly entries: readonly { readonly guid: string; readonly createdAtSec: number }[]
  readonly look: Look | null
  readonly before: Checkpoint
  readonly after: Checkpoint
  readonly nowMs: number
  /** Keys held in a range before this publish, dead letters of this session among them. */
  heldKeys(range: Range): Iterable<string>
  /** `range`: a window or a part of one, which holds it. */
  isDeadLetter(key: string, range: Range): boolean
  /** The log no longer says which guids it has held in the window. */
  isForgotten(window: Range): boolean
}

export interface GoneGuids {
  readonly window: LedgerWindow
  readonly guids: readonly string[]
}

export interface LedgerChange {
  readonly windows: readonly LedgerWindow[]
  /** Held and no longer shown, by window, as the look found them: the same ones every time. */
  readonly gone: readonly GoneGuids[]
  /** Of the entries, the stamps of those that came after their time was passed. */
  readonly lateSecs: readonly number[]
}

/**
 * The completeness ledger of one foundation, in memory but for what has expired: about 250 bytes a window. It says what
 * a publish makes of the windows; the recorder writes that together with the events.
 */
export class Ledger {
  /** By the tile that it cuts in two: where the poller began, or where it once had begun. */
  readonly #cuts = new Map<number, number>()
  readonly #windows = new Map<number, LedgerWindow>()
  /** Where they began: they are in the log, and not here. */
  readonly #expired = new Set<number>()
  #lost = 0

  /** `startSec`: nothing before it is asked for, so no window reaches further back. */
  constructor(startSec: number) {
    if (startSec > tileOf(startSec)) this.#cuts.set(tileOf(startSec), startSec)
  }

  /** Oldest first. */
  get windows(): readonly LedgerWindow[] {
    return [...this.#windows.values()].sort((a, b) => a.fromSec - b.fromSec)
  }

  /** Windows that have expired, and rows that were missing in them then. */
  get expired(): { readonly windows: number; readonly lost: number } {
    return { windows: this.#expired.size, lost: this.#lost }
  }

  /** What it comes to at this time of Cloud Controller's clock. */
  verdict(nowSec: number): LedgerVerdict {
    const summary = new LedgerSummary(ledgerWindowSec, this.expired)
    for (const window of this.windows) summary.add(window)
    return summary.verdict(nowSec)
  }

  rangeOf(sec: number): Range {
    const fromSec = tileOf(sec)
    const toSec = fromSec + ledgerWindowSec
    const cutSec = this.#cuts.get(fromSec)
    if (cutSec === undefined) return { fromSec, toSec }
    return sec < cutSec ? { fromSec, toSec: cutSec } : { fromSec: cutSec, toSec }
  }

  /** The ranges of the windows that the range touches. */
  rangesOf({ fromSec, toSec }: Range): readonly Range[] {
    const ranges: Range[] = []
    for (let sec = fromSec; sec < toSec; sec = this.rangeOf(sec).toSec) ranges.push(this.rangeOf(sec))
    return ranges
  }

  windowOf(sec: number): LedgerWindow | null {
    return this.#windows.get(this.rangeOf(sec).fromSec) ?? null
  }

  /** What is in the log now. */
  apply(windows: readonly LedgerWindow[]): void {
    for (const window of windows) {
      const tile = tileOf(window.fromSec)
      if (window.fromSec > tile) this.#cuts.set(tile, window.fromSec)
      else if (window.toSec === tile + ledgerWindowSec) this.#cuts.delete(tile)
      this.#windows.set(window.fromSec, window)
    }
  }

  /** Has them no longer at hand: nothing more becomes of them. */
  takeExpired(): readonly LedgerWindow[] {
    const expired = this.windows.filter(({ state }) => state === 'expired')
    for (const window of expired) {
      this.#windows.delete(window.fromSec)
      this.#expired.add(window.fromSec)
      this.#lost += missingOf(window)
    }
    return expired
  }

  /** What the windows will be once the publish is done. */
  after(addition: Addition): LedgerChange {
    const { entries, look, before } = addition
    const changed = new Map<number, LedgerWindow>()
    const lateSecs: number[] = []
    const added = Map.groupBy(entries, ({ createdAtSec }) => this.rangeOf(createdAtSec).fromSec)
    for (const [fromSec, news] of added) {
      if (this.#expired.has(fromSec)) continue
      const late = news.filter(({ createdAtSec }) => isPassed(createdAtSec, before))
      for (const { createdAtSec } of late) lateSecs.push(createdAtSec)
      const window = this.#windowAt(fromSec)
      const keys = isSettled(window) ? [...addition.heldKeys(window), ...news.map(({ guid }) => guid)] : null
      changed.set(fromSec, withEvents(window, news.length, late.length, keys))
    }
    const gone: GoneGuids[] = []
    if (look !== null)
      for (const range of this.rangesOf(look.range)) {
        if (this.#expired.has(range.fromSec)) continue
        const window = changed.get(range.fromSec) ?? this.#windowAt(range.fromSec)
        const seen = this.#afterLook(window, look, addition, added.get(range.fromSec) ?? [])
        if (seen === null) continue
        // What may be hidden was told while it was sure.
        const isSure = seen.window.state !== 'expired' && !mayBeHidden(seen.window, addition)
        if (seen.guids.length > 0 && isSure) gone.push(seen)
        changed.set(range.fromSec, seen.window)
      }
    const windows: LedgerWindow[] = []
    for (const window of changed.values())
      if (isNews(window, this.#windows.get(window.fromSec))) windows.push(window)
      // That it was as it was when it was last asked need not outlive this process.
      else this.apply([window])
    return { windows, gone, lateSecs }
  }

  #windowAt(fromSec: number): LedgerWindow {
    return this.#windows.get(fromSec) ?? emptyWindow(this.rangeOf(fromSec))
  }

  #afterLook(
    window: LedgerWindow,
    look: Look,
    addition: Addition,
    news: Addition['entries'],
  ): GoneGuids | null {
    const shown = look.shown.get(window.fromSec) ?? nothingShown
    if (window.state === 'expired') return null
    const part = {
      fromSec: Math.max(window.fromSec, look.range.fromSec),
      toSec: Math.min(window.toSec, look.range.toSec),
    }
    const all = compared(part, shown, addition, news, look.since)
    const wasDone = isDone(window, addition.before)
    const found = mayBeHidden(window, addition) ? withoutHidden(all, wasDone ? window.gone : 0) : all
    if (!wasDone) return pass(window, { look, part, found }, addition, news)
    if (part.fromSec > window.fromSec || part.toSec < window.toSec) return null
    if (addition.isForgotten(window)) {
      const held = isCountForgotten(window, addition) ? Math.max(window.held, shown.rows) : window.held
      const counted = shown.rows + look.missing
      const notShown = Math.max(0, held - shown.rows - window.gone)
      const hidden = mayBeHidden(window, addition) ? notShown : 0
      return countAgain({ ...window, held }, look, { counted, hidden }, addition.nowMs)
    }
    return lookAgain(window, look, found, addition.nowMs)
  }
}

function tileOf(sec: number): number {
  return Math.floor(sec / ledgerWindowSec) * ledgerWindowSec
}

const nothingShown: ShownRows = { rows: 0, keys: new Set() }

function isSettled({ state }: LedgerWindow): boolean {
  return state !== 'open' && state !== 'expired'
}

/** A window with so many more events, some of them in time that was passed. `keys`: all that it holds then, where that is known. */
function withEvents(
  window: LedgerWindow,
  count: number,
  late: number,
  keys: readonly string[] | null,
): LedgerWindow {
  const held = window.held + count
  if (window.state === 'expired') return { ...window, held }
  // Earlier versions did not say what is hidden.
  const uncounted = window.counted === null ? 0 : window.held - window.gone - window.counted
  const hidden = Math.max(window.hidden, uncounted)
  // Rows that were counted and not shown are shown now; others have raised the count.
  const counted = window.counted === null ? null : Math.max(window.counted, held - window.gone - hidden)
  if (keys === null)
    return { ...window, held, counted: window.counted === null ? null : window.counted + late }
  return judged(
    { ...window, held, counted, digest: keys.length === held ? digestOf(keys) : null },
    window.state === 'counted' ? 'counted' : 're-checked',
  )
}

interface Passing {
  readonly look: Look
  readonly part: Range
  readonly found: Compared
}

/** A part of an open window was read whole and is passed; with its last part the window closes. */
function pass(
  window: LedgerWindow,
  { look, part, found }: Passing,
  addition: Addition,
  news: Addition['entries'],
): GoneGuids {
  const { deadLetters } = found
  // The clean-up has been there: they were counted, and are held.
  const cleaned = window.fromSec < look.expiresBeforeSec ? found.guids : []
  const guids = cleaned.length > 0 ? [] : found.guids
  const isKnown = window.counted !== null || !wasPassedBefore(window, part, addition.before)
  const passed: LedgerWindow = {
    ...window,
    counted: isKnown ? (window.counted ?? 0) + found.rows + cleaned.length + look.missing : null,
    held: window.held + deadLetters,
    deadLetters: window.deadLetters + deadLetters,
    gone: window.gone + guids.length,
    hidden: window.hidden + found.hidden,
    checkedAtMs: addition.nowMs,
  }
  if (passed.counted === null || !isDone(window, addition.after)) return { window: passed, guids }
  if (addition.isForgotten(window)) return { window: judged(passed, 'counted'), guids }
  const keys = new Set(addition.heldKeys(window))
  for (const { guid } of news) keys.add(guid)
  for (const key of found.keys) keys.add(key)
  const digest = keys.size === passed.held ? digestOf(keys) : null
  return { window: judged({ ...passed, digest }, 'closed'), guids }
}

/** Nor does the log say how many it has held there: what was passed was held, so what is shown first is the measure. */
function isCountForgotten(window: LedgerWindow, { before }: Addition): boolean {
  return window.counted === null && overlaps(before.forgotten ?? [], window)
}

/** Only the numbers can be compared where the log no longer says what it has held: which of it are gone is not known. */
function countAgain(
  window: LedgerWindow,
  look: Look,
  { counted, hidden }: { readonly counted: number; readonly hidden: number },
  checkedAtMs: number,
): GoneGuids {
  const gone = Math.max(0, window.held - counted - hidden)
  if (window.fromSec < look.expiresBeforeSec && gone > window.gone)
    return { window: { ...window, state: 'expired', checkedAtMs }, guids: [] }
  return { window: judged({ ...window, counted, gone, hidden, checkedAtMs }, 'counted'), guids: [] }
}

/** A window that was passed before was read whole again. */
function lookAgain(window: LedgerWindow, look: Look, found: Compared, nowMs: number): GoneGuids {
  const { deadLetters, guids, keys, alike, hidden } = found
  const isExpired = window.fromSec < look.expiresBeforeSec && guids.length + hidden > window.gone
  if (isExpired) return { window: { ...window, state: 'expired', checkedAtMs: nowMs }, guids }
  const seen: LedgerWindow = {
    ...window,
    counted: found.rows + look.missing,
    held: keys.size + alike,
    deadLetters,
    gone: guids.length,
    hidden,
    digest: alike === 0 ? digestOf(keys) : null,
    checkedAtMs: nowMs,
  }
  const wasProven = hidden > 0 && (window.state === 'closed' || window.state === 'counted')
  return { window: judged(seen, wasProven ? window.state : 're-checked'), guids }
}

interface Compared {
  /** All that is held in the range. */
  readonly keys: ReadonlySet<string>
  /** Held, and not shown. */
  readonly guids: readonly string[]
  /** Held and perhaps shown to others, in time of before less was accepted; not among `guids`. */
  readonly hidden: number
  /** Rows that Cloud Controller has there: those shown, and those that came since the reading began. */
  readonly rows: number
  readonly deadLetters: number
  /** Rows that cannot be told from others that are shown. */
  readonly alike: number
}

/** What is held in a range against what was shown there: all of that is recorded, as an event or as a dead letter. */
function compared(
  range: Range,
  shown: ShownRows,
  addition: Addition,
  news: Addition['entries'],
  since: Recorded,
): Compared {
  const keys = new Set(addition.heldKeys(range))
  for (const { guid, createdAtSec } of news)
    if (createdAtSec >= range.fromSec && createdAtSec < range.toSec) keys.add(guid)
  const unseen = [...keys].filter(key => !shown.keys.has(key))
  const guids = unseen.filter(key => !since.has(key))
  for (const key of shown.keys) keys.add(key)
  const alike = shown.rows - shown.keys.size
  let deadLetters = alike
  // Shown or not: they are among what is held.
  for (const key of keys) if (addition.isDeadLetter(key, range)) deadLetters++
  return { keys, guids, hidden: 0, rows: shown.rows + unseen.length - guids.length, deadLetters, alike }
}

/** The operator has accepted since that less is seen: what is not shown there may be there. */
function mayBeHidden({ fromSec }: LedgerWindow, { before }: Addition): boolean {
  return fromSec < (before.acceptedSec ?? Number.NEGATIVE_INFINITY)
}

/** Not more is gone than was when it was last seen with wider rights. Which of them that was is not known. */
function withoutHidden(found: Compared, gone: number): Compared {
  return { ...found, guids: found.guids.slice(0, gone), hidden: Math.max(0, found.guids.length - gone) }
}

function judged(window: LedgerWindow, state: 'closed' | 're-checked' | 'counted'): LedgerWindow {
  return { ...window, state: missingOf(window) > 0 || window.gone > 0 ? 'short' : state }
}

/** Some of it was passed when nobody kept a ledger, so what Cloud Controller counted there is not known. */
function wasPassedBefore(window: Range, part: Range, { tailFromSec, unread }: Checkpoint): boolean {
  const others = subtract([{ fromSec: window.fromSec, toSec: Math.min(window.toSec, tailFromSec) }], part)
  return (
    unread.reduce(
      subtract,
      others.filter(({ fromSec, toSec }) => fromSec < toSec),
    ).length > 0
  )
}

/** Nothing of it is left to be passed. */
export function isDone(window: Range, { tailFromSec, unread }: Checkpoint): boolean {
  return (
    window.toSec <= tailFromSec &&
    unread.every(range => range.toSec <= window.fromSec || range.fromSec >= window.toSec)
  )
}

const dayMs = 86_400_000

/** That it was looked at again, and is as it was, is worth a write once a day. */
function isNews(window: LedgerWindow, known: LedgerWindow | undefined): boolean {
  if (known === undefined) return true
  const { checkedAtMs, ...now } = window
  if ((checkedAtMs ?? 0) - (known.checkedAtMs ?? 0) >= dayMs) return true
  return Object.entries(now).some(([field, value]) => known[field as keyof LedgerWindow] !== value)
}
