import { closeSync, openSync, writeSync } from 'node:fs'
import type { StoredRow } from './event-store.ts'

/** One answered page of `/v3/audit_events`. */
export interface ShownPage {
  readonly atMs: number
  readonly request: string
  readonly guids: readonly string[]
  readonly totalResults: number
  /** False when a fault broke the answer on its way. */
  readonly whole: boolean
}

/** A row that was visible at some time: what must be found in the log, unless malformed or deleted before it was asked for. */
export interface ShownRow {
  /** Of a malformed row that shows none: a name of the simulator's own. */
  readonly guid: string
  readonly type: string
  readonly createdAtUs: number
  /** Milliseconds in the simulator's clock: the first moment at which a request could have seen it. */
  readonly firstVisibleAtMs: number
  readonly malformed: boolean
  readonly deleted: boolean
  /** null while it is in the table. */
  readonly deletedAtMs: number | null
}

export interface HistoryOptions {
  /** Keeps each page's guids in memory. */
  readonly pages: boolean
  /**
   * NDJSON, written as things happen, so that it can be read after this process is killed:
   * `{"kind":"row",…ShownRow}`, `{"kind":"page",…ShownPage}`, `{"kind":"deleted","atMs":…,"guids":[…]}`.
   */
  readonly file: string | undefined
}

export function shownRow(row: StoredRow): ShownRow {
  const deleted = !Number.isNaN(row.goneAtMs)
  return {
    guid: row.guid,
    type: row.type,
    createdAtUs: row.createdAtUs,
    firstVisibleAtMs: row.firstVisibleAtMs,
    malformed: row.malformed,
    deleted,
    deletedAtMs: deleted ? row.goneAtMs : null,
  }
}

/** What was shown, for a checker that trusts no one else. */
export class History {
  readonly pages: ShownPage[] = []
  readonly #keepPages: boolean
  readonly #file: number | null

  constructor({ pages, file }: HistoryOptions) {
    this.#keepPages = pages
    this.#file = file === undefined ? null : openSync(file, 'a')
  }

  get wanted(): boolean {
    return this.#keepPages || this.#file !== null
  }

  rows(rows: readonly StoredRow[]): void {
    if (this.#file === null) return
    for (let at = 0; at < rows.length; at += 10_000) {
      this.#write(rows.slice(at, at + 10_000).map(row => ({ kind: 'row', ...shownRow(row) })))
    }
  }

  page(page: ShownPage): void {
    if (this.#keepPages) this.pages.push(page)
    this.#write([{ kind: 'page', ...page }])
  }

  deleted(rows: readonly StoredRow[], atMs: number): void {
    if (rows.length > 0) this.#write([{ kind: 'deleted', atMs, guids: rows.map(({ guid }) => guid) }])
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file)
  }

  #write(lines: readonly object[]): void {
    if (this.#file !== null) writeSync(this.#file, lines.map(line => `${JSON.stringify(line)}\n`).join(''))
  }
}
