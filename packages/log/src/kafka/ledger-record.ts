import type { Message } from 'kafkajs'
import { emptyWindow, type LedgerWindow, ledgerStates } from '../ledger/ledger-window.ts'
import type { KafkaRecord } from './partition-reader.ts'

/*
 * A window of the ledger on its compacted topic: the key is `fromSec`, the value JSON with the fields of LedgerWindow.
 * Without transactions the header `seq` is the number of the newest event that was in the log then: the window has counted
 * what is stamped within it up to there.
 */

export function toLedgerMessage(window: LedgerWindow, seq: number | null = null): Message {
  return {
    key: String(window.fromSec),
    value: JSON.stringify(window),
    partition: 0,
    ...(seq === null ? {} : { headers: { seq: String(seq) } }),
  }
}

/** Null for a record that is no window of ours. */
export function toLedgerWindow({ key, value }: Pick<KafkaRecord, 'key' | 'value'>): LedgerWindow | null {
  if (key === null || value === null) return null
  const read = withHidden(parsed(value))
  return isWindow(read) && String(read.fromSec) === key.toString() ? read : null
}

/** Earlier versions did not write it. */
function withHidden(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? { hidden: 0, ...value } : value
}

function parsed(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString())
  } catch {
    return null
  }
}

function isWindow(value: unknown): value is LedgerWindow {
  if (typeof value !== 'object' || value === null) return false
  const fields = Object.keys(emptyWindow({ fromSec: 0, toSec: 0 })) as (keyof LedgerWindow)[]
  const window = value as Record<keyof LedgerWindow, unknown>
  return (
    fields.every(field => field in window) &&
    ledgerStates.some(state => state === window.state) &&
    [window.fromSec, window.toSec, window.held].every(Number.isSafeInteger)
  )
}
