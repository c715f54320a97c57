import { AnswerTooLargeError, type CloudController } from '@cf-audit-drain/cloud-foundry'
import { type RawEvent, rawCreatedAtSec } from '@cf-audit-drain/event'
import { rowsWanted } from './options.ts'
import { distinctRows, rowKey } from './row-key.ts'
import { rowsBefore } from './sec-after.ts'

/** `perPageMax`: what v2 gives is less; default 5,000. `countsGuids`: default false. */
export type AuditEvents = Pick<CloudController, 'auditEvents' | 'countAuditEvents'> &
  Partial<Pick<CloudController, 'perPageMax' | 'countsGuids'>>

export const perPageMax = 5000

/** A page that is not full needs no count of its own. */
const pageShare = 0.7

/** About how many rows a window should have: `rowsWanted`, where a page holds them. */
export function rowsWantedOf(source: AuditEvents): number {
  return Math.min(rowsWanted, Math.ceil((source.perPageMax ?? perPageMax) * pageShare))
}

/**
 * What Cloud Controller showed of `[fromSec, toSec)`. `toSec` is null when the read reached the open end, and may be
 * less than was asked for: then go on from there.
 */
export interface Segment {
  readonly fromSec: number
  readonly toSec: number | null
  /** Everything that was seen, also rows at or after `toSec` and, when not complete, whatever came. */
  readonly rows: readonly RawEvent[]
  /** The rows before `toSec` are all that Cloud Controller had there, and its own count agrees. */
  readonly complete: boolean
  /** Rows that Cloud Controller counted before `toSec` and did not show; 0 when complete. */
  readonly missing: number
  /** Why the reading broke off. To be thrown once `rows` are recorded: what was shown may be gone the next time. */
  readonly failure?: unknown
}

/**
 * Reads from `fromSec` on, at most one page deep. Pages never drift here because there is no second one: a page is one
 * SELECT, ordered by stamp (whatever breaks ties: v3's guid, v2's id), so a full page, or one with more counted behind it, is a whole reading
 * of every second before its last one, and the next read starts at that second. Only a single second with a page full of rows or more has to be paged through.
 * Whatever was shown once is among the rows: the clean-up may delete it before it is shown again.
 */
export async function readSegment(
  source: AuditEvents,
  window: { readonly fromSec: number; readonly toSec?: number },
  signal: AbortSignal,
  perPage = source.perPageMax ?? perPageMax,
): Promise<Segment> {
  let shown: FirstShown
  try {
    shown = await firstShown(source, window, perPage, signal)
  } catch (error) {
    if (!(error instanceof AnswerTooLargeError) || perPage === 1) throw error
    return readSegment(source, window, signal, fewer(perPage, error))
  }
  const { rows, totalResults } = shown
  const { fromSec } = window
  if (shown.isLast) {
    // More rows than counted: they appeared between Cloud Controller's two statements, and are as real.
    const complete = shown.isFirst && distinctRows(rows) === rows.length && rows.length >= totalResults
    const missing = complete ? 0 : Math.max(1, totalResults - distinctRows(rows))
    return { fromSec, toSec: window.toSec ?? null, rows, complete, missing }
  }
  const lastSec = newestSec(rows)
  if (lastSec <= fromSec) return readSecond(source, fromSec, signal, perPage, rows)
  const covered = rowsBefore(rows, lastSec, fromSec)
  try {
    const counted = await source.countAuditEvents({ fromSec, toSec: lastSec }, signal)
    const complete = distinctRows(covered) === covered.length && covered.length === counted
    const missing = complete ? 0 : Math.max(1, counted - distinctRows(covered))
    return { fromSec, toSec: lastSec, rows, complete, missing }
  } catch (failure) {
    return { fromSec, toSec: lastSec, rows, complete: false, missing: 1, failure }
  }
}

interface FirstShown {
  readonly rows: readonly RawEvent[]
  readonly totalResults: number
  /** Nothing is counted behind them, or nothing found. */
  readonly isLast: boolean
  /** There was no page without a row before it, which may have one by now. */
  readonly isFirst: boolean
}

/** So many pages without a row are looked at. */
const emptyPagesMax = 50

/**
 * The first page that shows anything. One that is not full is not the last where more is counted: of the rows of a page some may be
 * counted and not shown, or all.
 */
async function firstShown(
  source: AuditEvents,
  window: { readonly fromSec: number; readonly toSec?: number },
  perPage: number,
  signal: AbortSignal,
): Promise<FirstShown> {
  for (let page = 1; ; page++) {
    const { resources: rows, totalResults } = await source.auditEvents({ ...window, page, perPage }, signal)
    const isLast = rows.length < perPage && totalResults <= page * perPage
    if (rows.length > 0 || isLast || page === emptyPagesMax)
      return { rows, totalResults, isLast: isLast || rows.length === 0, isFirst: page === 1 }
  }
}

/**
 * Pages through one second until two readings in a row show the same guids, as many as Cloud Controller counts.
 * `shown`: rows of that second that were seen before.
 */
async function readSecond(
  source: AuditEvents,
  fromSec: number,
  signal: AbortSignal,
  perPage: number,
  shown: readonly RawEvent[],
): Promise<Segment> {
  const toSec = fromSec + 1
  const seen = new Map(shown.map(row => [rowKey(row), row]))
  let before: ReadonlySet<string> | null = null
  let missing = 0
  try {
    for (let reading = 0; reading < 4; reading++) {
      const now = new Set<string>()
      let total = 0
      for (let page = 1; page === 1 || (page - 1) * perPage < total; page++) {
        const answer = await source.auditEvents({ fromSec, toSec, page, perPage }, signal)
        total = answer.totalResults
        for (const row of answer.resources) {
          seen.set(rowKey(row), row)
          now.add(rowKey(row))
        }
      }
      if (now.size === total && before?.size === total && before.isSubsetOf(now))
        return { fromSec, toSec, rows: [...seen.values()], complete: true, missing: 0 }
      before = now
      missing = Math.max(1, total - now.size)
    }
  } catch (failure) {
    const rows = [...seen.values()]
    if (failure instanceof AnswerTooLargeError && perPage > 1)
      return readSecond(source, fromSec, signal, fewer(perPage, failure), rows)
    return { fromSec, toSec, rows, complete: false, missing: 1, failure }
  }
  return { fromSec, toSec, rows: [...seen.values()], complete: false, missing }
}

function fewer(perPage: number, { rowsMax }: AnswerTooLargeError): number {
  return rowsMax !== null && rowsMax < perPage ? rowsMax : Math.ceil(perPage / 4)
}

function newestSec(rows: readonly RawEvent[]): number {
  return rows.reduce((newest, row) => Math.max(newest, rawCreatedAtSec(row) ?? 0), 0)
}
