import { createHash } from 'node:crypto'
import type { DeadLetter, LogEntry } from '../ports.ts'

/** When the first event was created. */
export const baseSec = 1_770_000_000
export const foundation = 'lab'

/** The i-th event of a made-up foundation, one a second. */
export function makeEntry(i: number, changes: Partial<LogEntry> = {}): LogEntry {
  return {
    guid: uuidOf(i),
    type: 'audit.app.update',
    createdAtSec: baseSec + i,
    receivedAtMs: baseSec * 1_000 + i,
    provenance: 'live',
    bytes: bytesOf(`event ${i}`),
    ...changes,
  }
}

export function makeEntries(from: number, count: number): readonly LogEntry[] {
  return Array.from({ length: count }, (_, i) => makeEntry(from + i))
}

function uuidOf(i: number): string {
  const hex = createHash('sha256').update(String(i)).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  )
}

export function letter(key: string, changes: Partial<DeadLetter> = {}): DeadLetter {
  return { foundation, origin: 'siem', key, reason: 'why', raw: bytesOf(`raw ${key}`), atMs: 1, ...changes }
}

export function guidsOf(entries: readonly LogEntry[]): readonly string[] {
  return entries.map(entry => entry.guid)
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
