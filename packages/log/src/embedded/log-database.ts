import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { LogClosedError } from '../log-error.ts'
import { explained } from './explain-storage-error.ts'

/** A row as an array, in the order of the columns. */
export type Row = readonly (null | number | bigint | string | Uint8Array)[]

/**
 * One connection to `log.db`: statements by their text, transactions that are all or nothing, and every error of
 * SQLite in an operator's words. Everything is synchronous: no two pieces of work ever meet on a connection.
 */
export class LogDatabase {
  readonly path: string
  #connection: DatabaseSync | null
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string, connection: DatabaseSync) {
    this.path = path
    this.#connection = connection
  }

  /** Prepared once. Rows come as arrays: a third faster than objects, and nothing is named twice. */
  prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#open().prepare(sql)
    statement.setReturnArrays(true)
    this.#statements.set(sql, statement)
    return statement
  }

  rows(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.prepare(sql).all(...values) as unknown as readonly Row[]
  }

  row(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.prepare(sql).get(...values) as unknown as Row | undefined
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.prepare(sql).run(...values).changes)
  }

  exec(sql: string): void {
    this.#open().exec(sql)
  }

  /** Nothing may be awaited inside. */
  read<T>(work: () => T): T {
    return explained(this.path, work)
  }

  /** Several reads that must agree, while another process may write. */
  snapshot<T>(work: () => T): T {
    return this.read(() => {
      this.exec('BEGIN')
      try {
        return work()
      } finally {
        this.exec('ROLLBACK')
      }
    })
  }

  /** All or nothing, durable when it returns. Nothing may be awaited inside. */
  transaction<T>(work: () => T): T {
    return this.read(() => {
      this.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        this.exec('COMMIT')
        return result
      } catch (error) {
        this.#rollback(error)
        throw error
      }
    })
  }

  close(): void {
    this.#statements.clear()
    this.#connection?.close()
    this.#connection = null
  }

  /** For the reader that has to look again (see open-for-reading.ts). */
  replaceConnection(connection: DatabaseSync): void {
    this.close()
    this.#connection = connection
  }

  #open(): DatabaseSync {
    if (this.#connection === null) throw new LogClosedError(`${this.path}: the log is closed`)
    return this.#connection
  }

  #rollback(reason: unknown): void {
    // SQLite has rolled back by itself after some errors (full, i/o).
    if (!this.#open().isTransaction) return
    try {
      this.exec('ROLLBACK')
    } catch (error) {
      throw new AggregateError([reason, error], `${this.path}: a failed transaction could not be rolled back`)
    }
  }
}

export function asNumber(value: Row[number] | undefined): number {
  if (typeof value !== 'number') throw new TypeError(`a number was expected in the log, not ${typeof value}`)
  return value
}

export function asText(value: Row[number] | undefined): string {
  if (typeof value !== 'string') throw new TypeError(`a text was expected in the log, not ${typeof value}`)
  return value
}

export function asBytes(value: Row[number] | undefined): Uint8Array {
  if (!(value instanceof Uint8Array))
    throw new TypeError(`bytes were expected in the log, not ${typeof value}`)
  return value
}
