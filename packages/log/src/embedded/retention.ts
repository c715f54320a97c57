import type { SQLInputValue } from 'node:sqlite'
import type { RetentionPolicy } from '../ports.ts'
import { slowestCursor } from './cursors.ts'
import type { GuidIndex } from './guid-index.ts'
import { asNumber, asText, type LogDatabase } from './log-database.ts'
import { readState } from './log-state.ts'

/** Bounds of one call, so that it takes some tens of milliseconds whatever there is to do. */
const payloadsPerCall = 2_000
const payloadsPerStep = 500
const guidsLookedAtPerCall = 4_000
const pagesReturnedPerCall = 250

export interface Pruned {
  readonly pruned: number
  readonly forgotten: number
}

/** Payloads go oldest first and only behind every sink; then their guids, when Cloud Controller cannot show them again. */
export class Retention {
  readonly #database: LogDatabase
  readonly #guids: GuidIndex
  /** Where the next look for guids to forget begins. Wraps round; only a matter of turn. */
  #lookedThrough = 0

  constructor(database: LogDatabase, guids: GuidIndex) {
    this.#database = database
    this.#guids = guids
  }

  prune(policy: RetentionPolicy, nowMs: number): Pruned {
    const database = this.#database
    try {
      const result = database.transaction(() => {
        const delivered = slowestCursor(database)
        if (delivered === null) return { pruned: 0, forgotten: 0 }
        const pruned = this.#dropOld(policy, nowMs, delivered) + this.#dropLarge(policy, delivered)
        return {
          pruned,
          forgotten: this.#forgetGuids(Math.floor(nowMs / 1_000) - policy.forgetGuidsAfterSec),
        }
      })
      this.#returnPages()
      return result
    } catch (error) {
      this.#guids.forgetState()
      throw error
    }
  }

  /** Up to the first payload that is too young; a clock that jumped holds retention up, never hurries it. */
  #dropOld({ maxAgeMs }: RetentionPolicy, nowMs: number, delivered: number): number {
    if (maxAgeMs === undefined) return 0
    const { prunedThrough } = readState(this.#database)
    const end = Math.min(delivered, prunedThrough + payloadsPerCall)
    const young = this.#database.row(
      'SELECT offset FROM events WHERE offset > ? AND offset <= ? AND received_at > ? ORDER BY offset LIMIT 1',
      prunedThrough,
      end,
      nowMs - maxAgeMs,
    )
    return this.#dropThrough(young === undefined ? end : asNumber(young[0]) - 1)
  }

  #dropLarge({ maxBytes }: RetentionPolicy, delivered: number): number {
    if (maxBytes === undefined) return 0
    let dropped = 0
    while (dropped < payloadsPerCall && usedBytes(this.#database) > maxBytes) {
      const step = this.#dropThrough(
        Math.min(delivered, readState(this.#database).prunedThrough + payloadsPerStep),
      )
      if (step === 0) break
      dropped += step
    }
    return dropped
  }

  /**
   * Deletes and writes anew without the payload: an UPDATE would leave each row on its page, and a page that is four
   * fifths empty is not given back.
   */
  #dropThrough(offset: number): number {
    const database = this.#database
    const { prunedThrough } = readState(database)
    if (offset <= prunedThrough) return 0
    const range = [prunedThrough, offset] as const
    const kept = database.rows(
      `SELECT offset, foundation, guid, type, created_at, received_at, provenance
       FROM events WHERE offset > ? AND offset <= ? ORDER BY offset`,
      ...range,
    )
    database.run('DELETE FROM events WHERE offset > ? AND offset <= ?', ...range)
    const insert = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, NULL)')
    for (const row of kept) insert.run(...(row as SQLInputValue[]))
    database.run('UPDATE log_state SET pruned_through = ?', offset)
    return kept.length
  }

  #forgetGuids(beforeSec: number): number {
    const database = this.#database
    const { prunedThrough } = readState(database)
    const looked = database.rows(
      'SELECT offset, created_at, guid, foundations.id FROM events JOIN foundations ON name = foundation WHERE offset > ? AND offset <= ? ORDER BY offset LIMIT ?',
      this.#lookedThrough,
      prunedThrough,
      guidsLookedAtPerCall,
    )
    this.#lookedThrough = looked.length < guidsLookedAtPerCall ? 0 : asNumber(looked.at(-1)?.[0])
    const old = looked.filter(row => asNumber(row[1]) < beforeSec)
    for (const row of old) {
      this.#guids.remover(asNumber(row[3]))(asText(row[2]))
      database.run('DELETE FROM events WHERE offset = ?', asNumber(row[0]))
    }
    return old.length
  }

  /** The file gets shorter at the next checkpoint of the write-ahead log, so that is asked for too. */
  #returnPages(): void {
    const database = this.#database
    if (asNumber(database.read(() => database.row('PRAGMA freelist_count')?.[0])) === 0) return
    database.read(() => {
      database.rows(`PRAGMA incremental_vacuum(${pagesReturnedPerCall})`)
      database.rows('PRAGMA wal_checkpoint(PASSIVE)')
    })
  }
}

/** What the file will have when its free pages are returned. */
function usedBytes(database: LogDatabase): number {
  const pragma = (name: string) => asNumber(database.row(`PRAGMA ${name}`)?.[0])
  return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size')
}
