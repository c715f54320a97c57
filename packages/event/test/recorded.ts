import { readFileSync } from 'node:fs'

const RECORDINGS = new URL('../../foundation-simulator/recordings/', import.meta.url)

/** The recorded events, one JSON text each, as Cloud Controller wrote them. */
export function recordedLines(
  name: 'events-v3.ndjson' | 'events-v2.ndjson' | 'secrets-left-in-data.ndjson',
): readonly string[] {
  return readFileSync(new URL(name, RECORDINGS), 'utf8').trimEnd().split('\n')
}

/** The recorded page of unusual events, byte for byte. */
export function unusualPage(): string {
  return readFileSync(new URL('unusual-v3.json', RECORDINGS), 'utf8')
}

/** A page of these events. */
export function pageOf(lines: readonly string[]): string {
  return `{"pagination":{"total_results":${lines.length}},"resources":[${lines.join(',')}]}`
}

/** A page of `/v2/events` with these. */
export function v2PageOf(lines: readonly string[]): string {
  return `{"total_results":${lines.length},"total_pages":1,"prev_url":null,"next_url":null,"resources":[${lines.join(',')}]}`
}
