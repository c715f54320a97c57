import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from '@cf-audit-drain/runtime'
import { kafkaObserver } from './kafka-observer.ts'

/** The level at which a sink without a place tells that it begins with a topic; null: not at all. */
function levelOf(offset: bigint, records: bigint): string | null {
  const lines: string[] = []
  const logger = createLogger({ level: 'info', destination: { write: line => lines.push(line) } })
  const beginning = { sink: 'siem', group: 'p.sink.siem', foundation: 'lab', offset, records }
  kafkaObserver(logger).beginsAtOldest?.(beginning)
  assert.ok(lines.length <= 1)
  return lines[0] === undefined ? null : JSON.parse(lines[0]).level
}

test('a sink that begins with a topic that never held a record has nothing to say, and one that may repeat or miss some has', () => {
  assert.equal(levelOf(0n, 0n), null)
  // The brokers may have forgotten its place: whether it ever had one nobody knows.
  assert.equal(levelOf(0n, 40n), 'warn')
  // Retention has removed what there was.
  assert.equal(levelOf(40n, 0n), 'info')
  assert.equal(levelOf(40n, 2n), 'warn')
})
