import { type RawPage, splitEventPage, splitV2EventPage } from '@cf-audit-drain/event'
import { auditEventsPath, perPageMax, type TimeWindow } from './audit-events-path.ts'
import { v2EventsPath, v2PerPageMax } from './v2-events-path.ts'

export type ApiVersion = 'v3' | 'v2'

/**
 * One of the two ways to Cloud Controller's audit events. What both keep to, and the poller builds on: a page is one SELECT in the
 * order of the stamps, windows are half-open whole seconds, `total_results` is counted just before; rows come out in v3's form.
 */
export interface AuditEventsApi {
  readonly version: ApiVersion
  /** Rows a page may have. */
  readonly perPageMax: number
  /** Whether events can be asked for by guid, too. */
  readonly takesGuids: boolean
  /** @throws RangeError */
  path(window: Partial<TimeWindow>, page: number, perPage: number, guids?: readonly string[]): string
  /** @throws MalformedPageError */
  split(body: string): RawPage
}

export const auditEventsApis: Readonly<Record<ApiVersion, AuditEventsApi>> = {
  v3: { version: 'v3', perPageMax, takesGuids: true, path: auditEventsPath, split: splitEventPage },
  v2: {
    version: 'v2',
    perPageMax: v2PerPageMax,
    takesGuids: false,
    path: v2EventsPath,
    split: splitV2EventPage,
  },
}
