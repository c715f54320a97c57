import type { LedgerWindow } from '../ledger/ledger-window.ts'
import { indexOfWindow } from '../ledger/place-windows.ts'
import type { PlacedGuid } from '../ports.ts'
import { seqOf } from './event-record.ts'
import { toLedgerWindow } from './ledger-record.ts'
import type { PartitionReader } from './partition-reader.ts'

/** An event on its topic, with its number. */
export interface NumberedGuid extends PlacedGuid {
  readonly seq: number
}

/**
 * Which of the events, none of them covered by a checkpoint, the ledger on `topic` has not counted: those after the number
 * that their window was last written with. A window without a number was last written before the checkpoint.
 */
export async function uncountedEvents(
  reader: PartitionReader,
  topic: string,
  events: readonly NumberedGuid[],
): Promise<readonly PlacedGuid[]> {
  if (events.length === 0) return []
  const written = new Map<number, { readonly window: LedgerWindow; readonly seq: number }>()
  const [from, end] = [await reader.edge(topic, 'earliest'), await reader.edge(topic, 'all')]
  for await (const record of reader.read(topic, from, end)) {
    const window = toLedgerWindow(record)
    if (window !== null) written.set(window.fromSec, { window, seq: seqOf(record) ?? 0 })
  }
  const windows = [...written.values()].map(({ window }) => window).sort((a, b) => a.fromSec - b.fromSec)
  const uncounted = new Map<string, PlacedGuid>()
  for (const { seq, ...event } of events) {
    const window = windows[indexOfWindow(windows, event.createdAtSec)]
    if (seq > (written.get(window?.fromSec ?? Number.NaN)?.seq ?? 0)) uncounted.set(event.guid, event)
  }
  return [...uncounted.values()]
}
