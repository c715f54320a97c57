import { type Answer, v3Answer } from './answer.ts'
import { auditEventQuery } from './audit-event-query.ts'
import { errors } from './cloud-controller-error.ts'
import type { EventStore, Selection, StoredRow } from './event-store.ts'
import { pagination } from './pagination.ts'
import { parseQuery } from './query-string.ts'
import { railsJson } from './rails-json.ts'

export interface AuditEventsRequest {
  readonly store: EventStore
  /** Host in the links. */
  readonly apiUrl: string
  readonly queryText: string
  /** null: every row. */
  readonly sees: ((row: StoredRow) => boolean) | null
  /** Lets rows appear whose time has come; called before each of the two statements. */
  readonly reveal: () => void
  readonly beforeStatements?: (selection: Selection) => void
  /** Between counting and selecting. */
  readonly betweenStatements?: (selection: Selection) => void
  /** What the replica that answers has; absent: every row. */
  readonly isThere?: (row: StoredRow) => boolean
  /** Rows by which the page is displaced: 1 skips a row at its border, -1 repeats one. */
  readonly shift?: number
}

export interface AuditEventsPage {
  readonly answer: Answer
  readonly rows: readonly StoredRow[]
  readonly totalResults: number
}

const close = Buffer.from(']}')

/** A page of `/v3/audit_events`. */
export function auditEventsPage(request: AuditEventsRequest): AuditEventsPage {
  const query = auditEventQuery(parseQuery(request.queryText))
  const selection = { ...query.selection, where: both(query.selection.where, request.sees) }
  const { rows, totalResults } = twoStatements(request, selection, query)
  const listing = { ...query, url: `${request.apiUrl}/v3/audit_events` }
  const head = railsJson({ pagination: pagination(listing, totalResults) }).slice(0, -1)
  const body = [Buffer.from(`${head},"resources":[`), ...request.store.joined(rows), close]
  return { answer: v3Answer(200, body), rows, totalResults }
}

/** One statement counts, another selects, in both APIs. */
export function twoStatements(
  request: Omit<AuditEventsRequest, 'queryText' | 'apiUrl' | 'sees'>,
  asked: Selection,
  { page, perPage }: { readonly page: number; readonly perPage: number },
): Pick<AuditEventsPage, 'rows' | 'totalResults'> {
  const selection = { ...asked, where: both(asked.where, request.isThere ?? null) }
  request.reveal()
  request.beforeStatements?.(selection)
  const totalResults = request.store.count(selection)
  request.betweenStatements?.(selection)
  request.reveal()
  const offset = (page - 1) * perPage + (request.shift ?? 0)
  return { rows: request.store.select(selection, Math.max(0, offset), perPage), totalResults }
}

export function singleAuditEvent(
  store: EventStore,
  guid: string,
  sees: ((row: StoredRow) => boolean) | null,
): Answer {
  const row = store.byGuid(guid)
  if (row === undefined || !store.isVisible(row) || !(sees?.(row) ?? true)) throw errors.notFound('Event')
  return v3Answer(200, store.joined([row]))
}

type Test = ((row: StoredRow) => boolean) | null

export function both(one: Test, other: Test): Test {
  if (one === null) return other
  return other === null ? one : row => one(row) && other(row)
}
