import type { StatementSync } from 'node:sqlite'
import { type GuidKey, guidKey } from '../guid-key.ts'
import { asNumber, type LogDatabase, type Row } from './log-database.ts'

/**
 * The unique index over (foundation, guid), in two tables. Guids are random: put into one large tree, each dirties a
 * page of its own, and at a million events a batch of 2,000 rewrites most of the tree (41,000 events/s, falling). So a
 * new guid goes to the small `guids_recent`, and every batch carries the next stretch of that, in key order, over to
 * `guids`: neighbours share pages. A guid is in exactly one of the two. All of it happens inside the caller's
 * transaction.
 */
const defaultRecentMax = 65_536
const carriedPerNew = 2

export class GuidIndex {
  readonly #database: LogDatabase
  readonly #recentMax: number
  #recent: number | null = null
  /** Where the next stretch begins. Only a matter of speed: any place is right. */
  #after: { readonly foundation: number; readonly key: GuidKey } = start

  constructor(database: LogDatabase, recentMax = defaultRecentMax) {
    this.#database = database
    this.#recentMax = recentMax
  }

  /** After a transaction that was rolled back, what is held here about the tables is stale. */
  forgetState(): void {
    this.#recent = null
    this.#after = start
  }

  /** Adds guids of one foundation; true for those that are new. */
  adder(foundation: number): (guid: string) => boolean {
    const known = this.#database.prepare('SELECT 1 FROM guids WHERE foundation = ? AND key = ?')
    const insert = this.#database.prepare('INSERT OR IGNORE INTO guids_recent VALUES (?, ?)')
    return guid => {
      const key = guidKey(guid)
      return known.get(foundation, key) === undefined && insert.run(foundation, key).changes === 1
    }
  }

  remover(foundation: number): (guid: string) => void {
    const statements: readonly StatementSync[] = ['guids', 'guids_recent'].map(table =>
      this.#database.prepare(`DELETE FROM ${table} WHERE foundation = ? AND key = ?`),
    )
    this.#recent = null
    return guid => {
      const key = guidKey(guid)
      for (const statement of statements) statement.run(foundation, key)
    }
  }

  /** To be called once per batch, with the number of guids it added. */
  carryOver(added: number): void {
    this.#recent ??= asNumber(this.#database.row('SELECT count(*) FROM guids_recent')?.[0])
    this.#recent += added
    if (this.#recent > this.#recentMax) this.#carry(added * carriedPerNew)
  }

  #carry(count: number): void {
    const { foundation, key } = this.#after
    const last = this.#database.row(
      `SELECT foundation, key FROM guids_recent WHERE (foundation, key) > (?, ?)
       ORDER BY foundation, key LIMIT 1 OFFSET ?`,
      foundation,
      key,
      count - 1,
    )
    const through = last === undefined ? end : stretchEnd(last)
    const range = [foundation, key, through.foundation, through.key] as const
    this.#database.run(
      `INSERT INTO guids SELECT foundation, key FROM guids_recent
       WHERE (foundation, key) > (?, ?) AND (foundation, key) <= (?, ?) ORDER BY foundation, key`,
      ...range,
    )
    const carried = this.#database.run(
      'DELETE FROM guids_recent WHERE (foundation, key) > (?, ?) AND (foundation, key) <= (?, ?)',
      ...range,
    )
    this.#recent = (this.#recent ?? 0) - carried
    this.#after = last === undefined ? start : through
  }
}

/** Before and after every key: foundation ids begin at 1. */
const start = { foundation: 0, key: '' } as const
const end = { foundation: Number.MAX_SAFE_INTEGER, key: '' } as const

function stretchEnd(row: Row): { readonly foundation: number; readonly key: GuidKey } {
  const key = row[1]
  if (typeof key !== 'string' && !(key instanceof Uint8Array))
    throw new TypeError('a guid key is a text or bytes')
  return { foundation: asNumber(row[0]), key }
}
