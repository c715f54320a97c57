import { canBeLookedUp, checkGuids } from './asked-by-guid.ts'

export const perPageMax = 5000

/** Which events a request asks for: `[fromSec, toSec)` by their created_at, in seconds since the epoch. */
export interface TimeWindow {
  readonly fromSec: number
  /** Exclusive; without it the window is open at its end. */
  readonly toSec?: number
}

/** The most guids that one count may name: at 37 bytes each they leave room for the rest in nginx's 8 KiB for the request line. */
export const countedGuidsMax = 200
/** Bytes that they may have together, with a comma each. */
const guidBytesMax = 7_400

export interface EventWindow extends TimeWindow {
  /** 1 for the first. */
  readonly page: number
  /** 1 to 5000. */
  readonly perPage: number
}

/**
 *     /v3/audit_events?order_by=created_at&per_page=5000&page=1&created_ats[gte]=2026-01-01T00:00:00Z&created_ats[lt]=…
 *
 * with brackets and colons percent-encoded. Built here for every page: Cloud Controller's own `next` links corrupt some filters.
 * Only gte and lt, which tile exactly: gt would skip the rest of its second. With guids only those events among them that are in the window.
 * @throws RangeError
 */
export function auditEventsPath(
  window: Partial<TimeWindow>,
  page: number,
  perPage: number,
  guids: readonly string[] = [],
): string {
  checkPage(window, page, perPage, perPageMax)
  if (guids.length > 0) checkGuids(guids, countedGuidsMax)
  const query = new URLSearchParams({ order_by: 'created_at', per_page: String(perPage), page: String(page) })
  if (window.fromSec !== undefined) query.set('created_ats[gte]', timestamp(window.fromSec))
  if (window.toSec !== undefined) query.set('created_ats[lt]', timestamp(window.toSec))
  // Not encoded: an encoded comma has three bytes.
  return `/v3/audit_events?${query}${guids.length === 0 ? '' : `&guids=${guids.join(',')}`}`
}

/** As many as one count may name, from the first on; null when one of them cannot be asked for. */
export function countableGuids(guids: readonly string[]): readonly (readonly string[])[] | null {
  const batches: string[][] = []
  let bytes = 0
  for (const guid of guids) {
    if (!canBeLookedUp(guid)) return null
    const last = batches.at(-1)
    bytes += guid.length + 1
    if (last !== undefined && last.length < countedGuidsMax && bytes <= guidBytesMax) last.push(guid)
    else {
      batches.push([guid])
      bytes = guid.length + 1
    }
  }
  return batches
}

/** @throws RangeError */
export function checkPage(
  window: Partial<TimeWindow>,
  page: number,
  perPage: number,
  perPageMax: number,
): void {
  if (!Number.isSafeInteger(page) || page < 1)
    throw new RangeError(`page must be a whole number from 1, not ${page}`)
  if (!Number.isSafeInteger(perPage) || perPage < 1 || perPage > perPageMax)
    throw new RangeError(`perPage must be a whole number from 1 to ${perPageMax}, not ${perPage}`)
  if (window.fromSec !== undefined && window.toSec !== undefined && window.toSec <= window.fromSec)
    throw new RangeError(`the window ends (${window.toSec}) before it begins (${window.fromSec})`)
}

/** `YYYY-MM-DDThh:mm:ssZ`, the only form v3 takes. */
export function timestamp(sec: number): string {
  const date = new Date(sec * 1000)
  if (!Number.isSafeInteger(sec) || Number.isNaN(date.getTime()) || sec < 0 || date.getUTCFullYear() > 9999)
    throw new RangeError(`not a time in whole seconds since 1970: ${sec}`)
  return `${date.toISOString().slice(0, 19)}Z`
}
