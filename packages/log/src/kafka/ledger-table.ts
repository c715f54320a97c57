import type { LedgerWindow } from '../ledger/ledger-window.ts'
import { toLedgerWindow } from './ledger-record.ts'
import type { Edge, KafkaRecord, PartitionReader } from './partition-reader.ts'

/** What the ledger's topic comes to: the newest record of each window. */
export class LedgerTable {
  readonly #windows = new Map<number, LedgerWindow>()

  apply(record: Pick<KafkaRecord, 'key' | 'value'>): void {
    const window = toLedgerWindow(record)
    if (window !== null) this.#windows.set(window.fromSec, window)
  }

  /** Oldest first. */
  get windows(): readonly LedgerWindow[] {
    return [...this.#windows.values()].sort((a, b) => a.fromSec - b.fromSec)
  }
}

/** `knownEnd`: it goes so far at least. */
export async function readLedger(
  reader: PartitionReader,
  topic: string,
  to: Edge,
  knownEnd = 0n,
): Promise<readonly LedgerWindow[]> {
  const table = new LedgerTable()
  const [from, end] = [await reader.edge(topic, 'earliest'), await reader.edge(topic, to, knownEnd)]
  for await (const record of reader.read(topic, from, end)) table.apply(record)
  return table.windows
}
