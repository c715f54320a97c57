import { readFileSync } from 'node:fs'
import { type AuditEvent, parseAuditEvent, splitEventPage } from '@cf-audit-drain/event'

const recordings = new URL('../../../foundation-simulator/recordings/', import.meta.url)

/** What a real Cloud Controller answered, parsed but not scrubbed. */
export function recordedEvents(): AuditEvent[] {
  const lines = readFileSync(new URL('events-v3.ndjson', recordings), 'utf8').trimEnd().split('\n')
  return events(`{"pagination":{"total_results":${lines.length}},"resources":[${lines.join()}]}`)
}

/** Forged CEF lines, control characters, 64-bit integers, 737 kB of annotations. */
export function unusualEvents(): AuditEvent[] {
  return events(readFileSync(new URL('unusual-v3.json', recordings), 'utf8'))
}

function events(page: string): AuditEvent[] {
  const scrubber = { policyVersion: 0, scrub: (_type: string, text: string) => ({ text, paths: [] }) }
  const context = { foundation: 'eu1', scrubber, provenance: 'live', receivedAtMs: 1795315500000 } as const
  return splitEventPage(page).resources.map(raw => parseAuditEvent(raw, context))
}
