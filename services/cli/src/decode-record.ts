import { type AuditEvent, decodeAuditEvent, UndecodableEventError } from '@cf-audit-drain/event'
import type { LogRecord } from '@cf-audit-drain/log'

/** @throws UndecodableEventError also of what the log has found to be no event of ours, whatever its bytes look like */
export function decodeRecord({ bytes, fault }: LogRecord): AuditEvent {
  if (fault !== undefined) throw new UndecodableEventError(fault)
  return decodeAuditEvent(bytes)
}
