import { type Answer, sinatraAnswer } from './answer.ts'
import { type AuditEventsPage, type AuditEventsRequest, both, twoStatements } from './audit-events.ts'
import { errors } from './cloud-controller-error.ts'
import type { EventStore, StoredRow } from './event-store.ts'
import { v2EventQuery } from './v2-event-query.ts'
import { v2EventText } from './v2-event-text.ts'

/** A page of `/v2/events`: at most 100 rows, by (timestamp, id), with relative links. */
export function v2EventsPage(request: AuditEventsRequest): AuditEventsPage {
  const query = v2EventQuery(request.queryText)
  const selection = { ...query.selection, where: both(query.selection.where, request.sees) }
  const { rows, totalResults } = twoStatements(request, selection, query)
  const pages = Math.max(1, Math.ceil(totalResults / query.perPage))
  const urlOf = (page: number) => (page < 1 || page > pages ? null : linkTo(page, query))
  const head = {
    total_results: totalResults,
    total_pages: pages,
    prev_url: urlOf(query.page - 1),
    next_url: urlOf(query.page + 1),
  }
  const resources = rows.map(row => v2EventText(row, request.store.text(row))).join(',')
  const text = `${JSON.stringify(head).slice(0, -1)},"resources":[${resources}]}`
  return { answer: { ...sinatraAnswer(200, null), body: [Buffer.from(text)] }, rows, totalResults }
}

export function singleV2Event(
  store: EventStore,
  guid: string,
  sees: ((row: StoredRow) => boolean) | null,
): Answer {
  const row = visibleRow(store, guid, sees)
  return { ...sinatraAnswer(200, null), body: [Buffer.from(v2EventText(row, store.text(row)))] }
}

/** What `DELETE /v2/events/:guid` takes away; Cloud Controller keeps no trace of it. Throws 404. */
export function visibleRow(
  store: EventStore,
  guid: string,
  sees: ((row: StoredRow) => boolean) | null,
): StoredRow {
  const row = store.byGuid(guid)
  if (row === undefined || !store.isVisible(row) || !(sees?.(row) ?? true)) throw errors.eventNotFound(guid)
  return row
}

/** Sorted by key; the order that is always used is echoed, whatever was asked for. */
function linkTo(
  page: number,
  query: Pick<ReturnType<typeof v2EventQuery>, 'perPage' | 'descending' | 'q' | 'depth'>,
): string {
  const depth = query.depth === null ? [] : [`inline-relations-depth=${query.depth}`]
  const q = query.q.map(filter => `q=${encodeURI(filter).replaceAll('&', '%26')}`)
  const direction = query.descending ? 'desc' : 'asc'
  const order = ['order-by=timestamp', 'order-by=id', `order-direction=${direction}`]
  return `/v2/events?${[...depth, ...order, `page=${page}`, ...q, `results-per-page=${query.perPage}`].join('&')}`
}
