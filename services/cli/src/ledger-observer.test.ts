import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyWindow } from '@cf-audit-drain/log'
import { systemClock } from '@cf-audit-drain/pipeline'
import type { WindowsInNews } from '@cf-audit-drain/poller'
import { createLogger } from '@cf-audit-drain/runtime'
import { ledgerObserver } from './ledger-observer.ts'

const fromSec = Date.parse('2026-11-22T09:00:00Z') / 1000
const [from, to, last] = ['2026-11-22T09:00:00Z', '2026-11-22T09:05:00Z', '2026-11-22T12:00:00Z']
const window = { ...emptyWindow({ fromSec, toSec: fromSec + 300 }), held: 5, gone: 1 }

function news(rows: number, changes: Partial<typeof window>, guids: readonly string[] = []): WindowsInNews {
  const named = [{ window: { ...window, ...changes }, rows, guids }]
  return { windows: 9, fromSec, toSec: fromSec + 3 * 3_600, rows: 40, named }
}

test('windows that are short, whole again, or lack what is held are a line with their number, their span and the first by name', () => {
  const lines: string[] = []
  const logger = createLogger({ level: 'info', destination: { write: line => void lines.push(line) } })
  const observer = ledgerObserver(logger.child({ foundation: 'prod' }), null, systemClock)
  observer.short?.(news(2, { state: 'short', counted: 6 }))
  observer.whole?.(news(0, { state: 're-checked', counted: 7, held: 8 }))
  observer.gone?.(news(1, { state: 'short', counted: 4 }, ['g1']))
  const [short, whole, gone] = lines.map(line => {
    const { level, foundation, windows, from, to, missing, gone, named, msg } = JSON.parse(line)
    return { is: [level, foundation, windows, from, to], missing, gone, named, msg }
  })
  assert.deepEqual(short?.is, ['warn', 'prod', 9, from, last])
  assert.deepEqual([short?.missing, short?.named], [40, [{ from, to, counted: 6, held: 5, missing: 2 }]])
  assert.match(short?.msg, /counts rows that it does not show/)
  assert.deepEqual(whole?.is, ['info', 'prod', 9, from, last])
  assert.deepEqual(whole?.named, [{ from, to, counted: 7, held: 8 }])
  assert.match(whole?.msg, /are whole/)
  assert.deepEqual(gone?.is, ['warn', 'prod', 9, from, last])
  assert.deepEqual([gone?.gone, gone?.named], [40, [{ from, to, gone: 1, guids: ['g1'] }]])
  assert.match(gone?.msg, /no longer shows events/)
  assert.equal(lines.length, 3)
})
