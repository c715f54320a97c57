import { FoundationState } from './foundation-state.ts'
import type { Edge, PartitionReader } from './partition-reader.ts'

/** The state of a foundation as its topic tells it, up to the given edge. */
export async function readState(reader: PartitionReader, topic: string, to: Edge): Promise<FoundationState> {
  const state = new FoundationState()
  const [from, end] = [await reader.edge(topic, 'earliest'), await reader.edge(topic, to)]
  for await (const record of reader.read(topic, from, end)) state.apply(record)
  state.readTo = end
  return state
}
