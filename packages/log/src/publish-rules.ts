import type { Checkpoint, LogEntry } from './ports.ts'

/** Kafka's limit on the metadata of an offset (4,096), with room. */
const checkpointMaxBytes = 4_000

export function requireCheckpoint(checkpoint: Checkpoint): void {
  const bytes = Buffer.byteLength(checkpoint)
  if (bytes <= checkpointMaxBytes) return
  throw new RangeError(`the checkpoint has ${bytes} bytes; a log takes at most ${checkpointMaxBytes}`)
}

/** UTF-8 would take it and keep something else: a lone surrogate becomes U+FFFD, and two guids one. */
export function requireEntry(entry: LogEntry): void {
  if (entry.guid !== '' && entry.guid.isWellFormed()) return
  throw new TypeError(`a guid is a non-empty, well-formed text, not ${JSON.stringify(entry.guid)}`)
}
