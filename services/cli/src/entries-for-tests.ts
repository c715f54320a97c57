import { createScrubber, encodeAuditEvent, parseAuditEvent, splitEventPage } from '@cf-audit-drain/event'
import { isoSec, type LogEntry } from '@cf-audit-drain/log'
import { makeEntries } from '@cf-audit-drain/log/contract-suite'

const scrubber = createScrubber({ key: Buffer.alloc(32, 7) })

/** Made-up entries of a log that a sink can send, too. */
export function sendableEntries(foundation: string, from: number, count: number): readonly LogEntry[] {
  return makeEntries(from, count).map(entry => {
    const created_at = isoSec(entry.createdAtSec)
    const { guid, type, provenance, receivedAtMs } = entry
    const nobody = { actor: null, target: null, space: null, organization: null }
    const text = JSON.stringify({ guid, type, created_at, updated_at: created_at, data: {}, ...nobody })
    const [raw] = splitEventPage(`{"pagination":{"total_results":1},"resources":[${text}]}`).resources
    if (raw === undefined) throw new Error('a page without the event that was put there')
    const event = parseAuditEvent(raw, { foundation, scrubber, provenance, receivedAtMs })
    return { ...entry, bytes: encodeAuditEvent(event) }
  })
}
