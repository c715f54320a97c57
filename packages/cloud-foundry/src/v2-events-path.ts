import { checkPage, type TimeWindow, timestamp } from './audit-events-path.ts'

/** Of `renderer.max_results_per_page`, which an operator may lower. */
export const v2PerPageMax = 100

/**
 *     /v2/events?order-direction=asc&results-per-page=100&page=1&q=timestamp>=2026-01-01T00:00:00Z&q=timestamp<…
 *
 * percent-encoded. Rows come by (timestamp, id) whatever is asked for, and timestamp is what v3 shows as created_at. Only `>=`
 * and `<`, which compare with the very first moment of the second and so tile exactly: `>` and `<=` compare with
 * .99999 of it, and lose or double what is stamped in the last ten microseconds.
 * @throws RangeError
 */
export function v2EventsPath(
  window: Partial<TimeWindow>,
  page: number,
  perPage: number,
  guids: readonly string[] = [],
): string {
  checkPage(window, page, perPage, v2PerPageMax)
  if (guids.length > 0) throw new RangeError('v2 cannot be asked for events by guid')
  const query = new URLSearchParams({
    'order-direction': 'asc',
    'results-per-page': String(perPage),
    page: String(page),
  })
  if (window.fromSec !== undefined) query.append('q', `timestamp>=${timestamp(window.fromSec)}`)
  if (window.toSec !== undefined) query.append('q', `timestamp<${timestamp(window.toSec)}`)
  return `/v2/events?${query}`
}
