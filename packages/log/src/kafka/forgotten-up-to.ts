import type { PartitionReader } from './partition-reader.ts'
import { readState } from './read-state.ts'

/**
 * When the newest event came that the brokers have removed, at most; null: they have removed none. A topic loses its records from
 * the beginning on, and they lie in the order in which they came.
 */
export async function forgottenUpToMs(
  reader: PartitionReader,
  { events, state }: { readonly events: string; readonly state: string },
): Promise<number | null> {
  const [from, to] = [await reader.edge(events, 'earliest'), await reader.edge(events, 'all')]
  if (from === 0n) return null
  for await (const { key, timestampMs } of reader.read(events, from, to)) if (key !== null) return timestampMs
  const { tallies } = await readState(reader, state, 'all')
  return tallies.reduce<number | null>((most, one) => Math.max(most ?? 0, one.lastReceivedAtMs), null)
}
