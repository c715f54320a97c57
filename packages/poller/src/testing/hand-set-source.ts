import type { AuditEventPage, EventWindow } from '@cf-audit-drain/cloud-foundry'
import { splitEventPage } from '@cf-audit-drain/event'
import type { AuditEvents } from '../read-segment.ts'

export interface HandSetRow {
  readonly guid: string | null
  /** Null: its stamp cannot be read. */
  readonly sec: number | null
}

export interface Answer {
  readonly rows: readonly HandSetRow[]
  readonly total: number
}

/** Thrown instead of an answer. */
export type Given<T> = T | Error

/**
 * A source whose answers are set by hand. A simulator would not do: it mends itself with the next poll, and hides a
 * window that closed too early.
 */
export function handSetSource(answers: readonly Given<Answer>[], counts: readonly Given<number>[] = []) {
  const asked: EventWindow[] = []
  const [pages, totals] = [[...answers], [...counts]]
  const events: AuditEvents = {
    async auditEvents(query) {
      asked.push(query)
      return pageOf(answered(pages.length > 1 ? pages.shift() : pages[0]) ?? { rows: [], total: 0 })
    },
    async countAuditEvents() {
      return answered(totals.shift()) ?? 0
    },
  }
  return { events, asked }
}

function answered<T>(given: Given<T> | undefined): T | undefined {
  if (given instanceof Error) throw given
  return given
}

function pageOf({ rows, total }: Answer): AuditEventPage {
  const resources = rows.map(({ guid, sec }) => ({
    guid,
    type: 'audit.app.start',
    created_at: sec === null ? 'yesterday' : `${new Date(sec * 1000).toISOString().slice(0, 19)}Z`,
    data: {},
  }))
  const body = JSON.stringify({ pagination: { total_results: total }, resources })
  return { ...splitEventPage(body), bytes: body.length }
}
