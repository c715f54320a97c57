import type { LogEntry } from '../ports.ts'

/** An event as the embedded log has it, on its way to Kafka. */
export interface StoredEvent extends Omit<LogEntry, 'bytes'> {
  /** In the embedded log: over all foundations. */
  readonly offset: number
  /** 1, 2, 3 … of its foundation, counting every event that was ever published. */
  readonly seq: number
  /** Null: its payload was pruned, and only its guid is remembered. */
  readonly bytes: Uint8Array | null
}
