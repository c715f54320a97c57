import { createdAtSecOf, seqOf } from './event-record.ts'
import type { Countable } from './foundation-state.ts'
import type { KafkaRecord } from './partition-reader.ts'

/** The event of a record as the tallies count it, with its number; null for a record that is none of ours. */
export function countableOf(record: KafkaRecord): { readonly event: Countable; readonly seq: number } | null {
  const [type, provenance] = [record.headers['type'], record.headers['provenance']].map(header =>
    header?.toString(),
  )
  const [createdAtSec, seq] = [createdAtSecOf(record), seqOf(record)]
  if (type === undefined || !isProvenance(provenance) || createdAtSec === null || seq === null) return null
  return { event: { type, provenance, receivedAtMs: record.timestampMs, createdAtSec }, seq }
}

function isProvenance(text: string | undefined): text is Countable['provenance'] {
  return text === 'live' || text === 'backfill' || text === 'replay'
}
