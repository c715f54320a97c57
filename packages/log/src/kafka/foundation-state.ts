import type { Message } from 'kafkajs'
import type { Checkpoint, LogEntry, Tally } from '../ports.ts'
import type { KafkaRecord } from './partition-reader.ts'

/** The checkpoint, and how many events the foundation had when it was written. */
export interface StoredCheckpoint {
  readonly seq: number
  readonly checkpoint: Checkpoint
}

export const migrationKey = 'migration'

type Counted = Omit<Tally, 'foundation'>

/*
 * The compacted state topic of a foundation, JSON:
 *
 *   "checkpoint"                    {"seq":…,"checkpoint":"…"}     mirror of the checkpoint group's offset
 *   "tally <provenance> <type>"     {"count":…,"lastReceivedAtMs":…,"lastCreatedAtSec":…}
 *   "migration"                     {…} while an embedded log is being carried here; emptied when that is done
 */
export class FoundationState {
  #mirror: StoredCheckpoint | null = null
  readonly #tallies = new Map<string, Counted>()
  #isMigrating = false

  /** What is there is the beginning of a copy: nobody may go on from it. */
  get isMigrating(): boolean {
    return this.#isMigrating
  }

  get mirror(): StoredCheckpoint | null {
    return this.#mirror
  }

  get tallies(): readonly Counted[] {
    return [...this.#tallies.values()]
  }

  /** Takes a record of the topic over; one that is not ours is passed by. */
  apply({ key, value }: Pick<KafkaRecord, 'key' | 'value'>): void {
    const name = key?.toString() ?? ''
    const read = value === null ? null : parsed(value)
    if (name === 'checkpoint' && isStored(read)) this.#mirror = { seq: read.seq, checkpoint: read.checkpoint }
    if (name === migrationKey) this.#isMigrating = value !== null
    if (name.startsWith('tally ') && isCounted(read)) this.#tallies.set(name, read)
  }

  /** What the state will be once `entries` are in the log. */
  after(entries: readonly LogEntry[], mirror: StoredCheckpoint): FoundationChange {
    const changed = new Map<string, Counted>()
    for (const { type, provenance, receivedAtMs, createdAtSec } of entries) {
      const name = `tally ${provenance} ${type}`
      const before = changed.get(name) ?? this.#tallies.get(name)
      changed.set(name, {
        type,
        provenance,
        count: (before?.count ?? 0) + 1,
        lastReceivedAtMs: Math.max(before?.lastReceivedAtMs ?? 0, receivedAtMs),
        lastCreatedAtSec: Math.max(before?.lastCreatedAtSec ?? 0, createdAtSec),
      })
    }
    const records = [...changed, ['checkpoint', mirror] as const].map(([key, value]) => ({
      key,
      value: JSON.stringify(value),
    }))
    return {
      messages: records.map(record => ({ ...record, partition: 0 })),
      apply: () => {
        for (const { key, value } of records) this.apply({ key: Buffer.from(key), value: Buffer.from(value) })
      },
    }
  }
}

export interface FoundationChange {
  readonly messages: readonly Message[]
  /** To be called once the messages are committed. */
  apply(): void
}

function parsed(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString())
  } catch {
    return null
  }
}

function isStored(value: unknown): value is StoredCheckpoint {
  const stored = value as Partial<StoredCheckpoint> | null
  return Number.isSafeInteger(stored?.seq) && typeof stored?.checkpoint === 'string'
}

function isCounted(value: unknown): value is Counted {
  const counted = value as Partial<Counted> | null
  return (
    typeof counted?.type === 'string' &&
    typeof counted.provenance === 'string' &&
    [counted.count, counted.lastReceivedAtMs, counted.lastCreatedAtSec].every(Number.isSafeInteger)
  )
}
