import assert from 'node:assert/strict'
import { type Batch, type Delivery, NotConnectedError, type Source } from '@cf-audit-drain/pipeline'
import type { Arrivals } from '../arrivals.ts'
import { batchMaxBytes, isBatch, requireBatchMax } from '../batch-rules.ts'
import type { LogRecord } from '../ports.ts'
import { commitCursor, readCursor, registerSink } from './cursors.ts'
import type { LogDatabase } from './log-database.ts'
import { readState } from './log-state.ts'
import { packedRecords } from './packed-rows.ts'

export interface SourceDoor {
  readonly database: LogDatabase
  readonly arrivals: Arrivals
  isClosed(): boolean
  /** Two sources of one sink would move each other's cursor. Throws when there is another. */
  claim(sink: string, source: SinkSource): void
  release(sink: string, source: SinkSource): void
}

export class SinkSource implements Source<LogRecord> {
  readonly #sink: string
  readonly #batchMax: number
  readonly #door: SourceDoor
  #connected = false
  #closed = false
  #unsettled = false
  #cursor = 0

  constructor(sink: string, batchMax: number, door: SourceDoor) {
    requireBatchMax(batchMax)
    this.#sink = sink
    this.#batchMax = batchMax
    this.#door = door
  }

  async connect(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    assert(!this.#closed, `the source of sink ${this.#sink} is closed`)
    this.#door.claim(this.#sink, this)
    registerSink(this.#door.database, this.#sink)
    this.#cursor = this.#door.database.read(() => readCursor(this.#door.database, this.#sink)) ?? 0
    this.#connected = true
    this.#unsettled = false
  }

  async read(signal: AbortSignal): Promise<Delivery<LogRecord> | null> {
    assert(!this.#unsettled, `read of sink ${this.#sink} before the delivery in hand was settled`)
    for (;;) {
      signal.throwIfAborted()
      if (this.#closed || this.#door.isClosed()) return null
      if (!this.#connected) throw new NotConnectedError(`the source of sink ${this.#sink} is not connected`)
      const batch = this.#door.database.read(() => this.#fetch())
      if (batch !== null) return this.#deliver(batch)
      await this.#door.arrivals.next(signal)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#door.release(this.#sink, this)
    this.#door.arrivals.announce()
  }

  #fetch(): Batch<LogRecord> | null {
    const { database } = this.#door
    const records: LogRecord[] = []
    let bytes = 0
    let after = Math.max(this.#cursor, readState(database).prunedThrough)
    while (records.length < this.#batchMax && bytes < batchMaxBytes) {
      const some = packedRecords(database, after, this.#batchMax - records.length)
      for (const record of some) {
        records.push(record)
        bytes += record.bytes.length
      }
      after = some.at(-1)?.offset ?? after
      if (some.length === 0) break
    }
    return isBatch(records) ? records : null
  }

  #deliver(batch: Batch<LogRecord>): Delivery<LogRecord> {
    this.#unsettled = true
    let settled = false
    return {
      batch,
      settle: async (reason, done = 0) => {
        assert(!settled, `a delivery of sink ${this.#sink} was settled twice`)
        const last = batch[(reason === undefined ? batch.length : done) - 1]?.offset
        if (last !== undefined) {
          // When this throws the delivery is not settled: it may be tried again.
          commitCursor(this.#door.database, this.#sink, last)
          this.#cursor = last
        }
        settled = true
        this.#unsettled = false
      },
    }
  }
}
