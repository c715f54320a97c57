import assert from 'node:assert/strict'
import type { Batch } from '@cf-audit-drain/pipeline'

/** A batch ends with the record that goes beyond this, so that a backlog of megabyte events does not fill the memory. */
export const batchMaxBytes = 16 * 1024 * 1024

export function requireBatchMax(batchMax: number): void {
  assert(Number.isInteger(batchMax) && batchMax > 0, `batchMax is a positive whole number, not ${batchMax}`)
}

export function isBatch<T>(records: readonly T[]): records is Batch<T> {
  return records.length > 0
}
