import { type AuditEvents, perPageMax } from './read-segment.ts'

/** Requests of one verification, whatever it finds: what is left over differs at the next one, too. */
export const requestsMax = 60

/** What a verification has asked of Cloud Controller so far. */
export class VerificationCost {
  requests = 0
  rows = 0

  reset(): void {
    this.requests = this.rows = 0
  }

  get isUsedUp(): boolean {
    return this.requests >= requestsMax
  }

  /** The same source, whose every request and row is counted here. */
  of(source: AuditEvents): AuditEvents {
    return {
      get perPageMax() {
        return source.perPageMax ?? perPageMax
      },
      auditEvents: async (query, signal) => {
        this.requests++
        const page = await source.auditEvents(query, signal)
        this.rows += page.resources.length
        return page
      },
      get countsGuids() {
        return source.countsGuids ?? false
      },
      countAuditEvents: async (window, signal, guids) => {
        this.requests++
        this.rows++
        return source.countAuditEvents(window, signal, guids)
      },
    }
  }
}
