import { createHash } from 'node:crypto'

/**
 * SHA-256 over the guids in byte order, a newline after each, so that anybody can make it without us:
 * `sqlite3 -readonly log.db "SELECT guid FROM events WHERE …" | LC_ALL=C sort | sha256sum`.
 * Of a dead letter the key is taken.
 */
export function digestOf(guids: Iterable<string>): string {
  const sorted = [...guids].sort()
  const hash = createHash('sha256')
  if (sorted.length > 0) hash.update(`${sorted.join('\n')}\n`)
  return hash.digest('hex')
}
