import type { Message } from 'kafkajs'
import type { Checkpoint, LogEntry, Tally } from '../ports.ts'
import type { KafkaRecord } from './partition-reader.ts'
import { isKeptSchemaIds, type KeptSchemaIds } from './schema-ids.ts'

/** The checkpoint, and how many events the foundation had when it was written. */
export interface StoredCheckpoint {
  readonly seq: number
  readonly checkpoint: Checkpoint
}

export const migrationKey = 'migration'
const schemaIdsKey = 'schema-ids'

type Counted = Omit<Tally, 'foundation'>

/** `seq`: the number of the newest event of the foundation when it was written. Records of version 0.1.0 have none. */
type StoredTally = Counted & { readonly seq?: number }

/** What is counted of an event. */
export type Countable = Pick<LogEntry, 'type' | 'provenance' | 'receivedAtMs' | 'createdAtSec'>

/*
 * The compacted state topic of a foundation, JSON:
 *
 *   "checkpoint"                    {"seq":…,"checkpoint":"…"}     mirror of the checkpoint group's offset
 *   "tally <provenance> <type>"     {"type":…,"provenance":…,"count":…,"lastReceivedAtMs":…,"lastCreatedAtSec":…,"seq":…}
 *   "begun"                         {}, written before the first event where there are no transactions
 *   "name <kind> <guid>"            what the poller keeps of a name, as kept-names.ts reads it; not looked at here
 *   "schema-ids"                    {"registry":"…","ids":{"<fingerprint>":…}}, where events are in Confluent's wire format
 *   "migration"                     {…} while an embedded log is being carried here; emptied when that is done
 */
export class FoundationState {
  /** Where the topic ended when it was read. */
  readTo = 0n
  #mirror: StoredCheckpoint | null = null
  readonly #tallies = new Map<string, StoredTally>()
  #schemaIds: KeptSchemaIds | null = null
  #isMigrating = false
  #isBegun = false
  #isMirrorSpoiled = false

  /** What is there is the beginning of a copy: nobody may go on from it. */
  get isMigrating(): boolean {
    return this.#isMigrating
  }

  get mirror(): StoredCheckpoint | null {
    return this.#mirror
  }

  /** The newest record of the mirror is none of ours: emptied, or nothing that can be read. `mirror` is the one before it. */
  get isMirrorSpoiled(): boolean {
    return this.#isMirrorSpoiled
  }

  get tallies(): readonly Counted[] {
    return [...this.#tallies.values()].map(({ seq: _, ...tally }) => tally)
  }

  /** What the last writer knew of the ids of a schema registry. */
  get schemaIds(): KeptSchemaIds | null {
    return this.#schemaIds
  }

  /** A first publish without transactions began, so that events may come before the first checkpoint. */
  get isBegun(): boolean {
    return this.#isBegun
  }

  /** Takes a record of the topic over; one that is not ours is passed by. */
  apply({ key, value }: Pick<KafkaRecord, 'key' | 'value'>): void {
    const name = key?.toString() ?? ''
    const read = value === null ? null : parsed(value)
    if (name === 'checkpoint') {
      this.#isMirrorSpoiled = !isStored(read)
      if (isStored(read)) this.#mirror = { seq: read.seq, checkpoint: read.checkpoint }
    }
    if (name === schemaIdsKey && isKeptSchemaIds(read)) this.#schemaIds = read
    if (name === migrationKey) this.#isMigrating = value !== null
    if (name === begunMessage.key && value !== null) this.#isBegun = true
    if (name.startsWith('tally ') && isCounted(read)) this.#tallies.set(name, read)
  }

  /** Whether the tallies include the event of this number. */
  hasCounted(event: Countable, seq: number): boolean {
    const tally = this.#tallies.get(tallyName(event.provenance, event.type))
    return tally !== undefined && seq <= (tally.seq ?? this.#mirror?.seq ?? 0)
  }

  /** What the state will be once `entries` are in the log, the newest of them with the number `seq`. */
  after(
    entries: readonly Countable[],
    { seq, checkpoint }: { readonly seq: number; readonly checkpoint: Checkpoint | null },
    schemaIds: KeptSchemaIds | null = null,
  ): FoundationChange {
    const changed = new Map<string, Changing<StoredTally>>()
    for (const { type, provenance, receivedAtMs, createdAtSec } of entries) {
      const name = tallyName(provenance, type)
      let tally = changed.get(name)
      if (tally === undefined) {
        tally = { ...(this.#tallies.get(name) ?? noneOf(provenance, type)), seq }
        changed.set(name, tally)
      }
      tally.count++
      tally.lastReceivedAtMs = Math.max(tally.lastReceivedAtMs, receivedAtMs)
      tally.lastCreatedAtSec = Math.max(tally.lastCreatedAtSec, createdAtSec)
    }
    const mirror = checkpoint === null ? [] : [['checkpoint', { seq, checkpoint }] as const]
    const isNews = schemaIds !== null && JSON.stringify(schemaIds) !== JSON.stringify(this.#schemaIds)
    const ids = isNews ? [[schemaIdsKey, schemaIds] as const] : []
    const records = [...changed, ...ids, ...mirror].map(([key, value]) => ({
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

/** Tells events without a checkpoint that a first publish left from those whose checkpoint was lost. */
export const begunMessage = { key: 'begun', value: '{}', partition: 0 } as const

type Changing<T> = { -readonly [K in keyof T]: T[K] }

function noneOf(provenance: Counted['provenance'], type: string): Counted {
  return { type, provenance, count: 0, lastReceivedAtMs: 0, lastCreatedAtSec: 0 }
}

function tallyName(provenance: Counted['provenance'], type: string): string {
  return `tally ${provenance} ${type}`
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

function isCounted(value: unknown): value is StoredTally {
  const counted = value as Partial<StoredTally> | null
  return (
    typeof counted?.type === 'string' &&
    typeof counted.provenance === 'string' &&
    [counted.count, counted.lastReceivedAtMs, counted.lastCreatedAtSec, counted.seq ?? 0].every(
      Number.isSafeInteger,
    )
  )
}
