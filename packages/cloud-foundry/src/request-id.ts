import { randomUUID } from 'node:crypto'

/** Goes out as X-Vcap-Request-Id. Cloud Controller keeps it, before `::` and an id of its own, in its logs. */
export function newRequestId(): string {
  return `cf-audit-drain-${randomUUID()}`
}
