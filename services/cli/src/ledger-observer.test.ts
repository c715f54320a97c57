import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyWindow } from '@cf-audit-drain/log'
import { systemClock } from '@cf-audit-drain/pipeline'
import { createLogger } from '@cf-audit-drain/runtime'
import { ledgerObserver } from './ledger-observer.ts'

test('a window that is short, and one that is whole again, are a line each with foundation, window, counted and held', () => {
  const lines: string[] = []
  const logger = createLogger({ level: 'info', destination: { write: line => void lines.push(line) } })
  const observer = ledgerObserver(logger.child({ foundation: 'prod' }), null, systemClock)
  const fromSec = Date.parse('2026-11-22T09:00:00Z') / 1000
  const window = { ...emptyWindow({ fromSec, toSec: fromSec + 300 }), held: 5, gone: 1 }
  observer.short?.({ ...window, state: 'short', counted: 6 })
  observer.whole?.({ ...window, state: 're-checked', counted: 7, held: 8 })
  const [short, whole] = lines.map(line => {
    const { level, foundation, from, to, counted, held, missing, msg } = JSON.parse(line)
    return { is: [level, foundation, from, to, counted, held, missing], msg }
  })
  const where = ['prod', '2026-11-22T09:00:00Z', '2026-11-22T09:05:00Z']
  assert.deepEqual(short?.is, ['warn', ...where, 6, 5, 2])
  assert.match(short?.msg, /counts rows in this window that it does not show/)
  assert.deepEqual(whole?.is, ['info', ...where, 7, 8, undefined])
  assert.match(whole?.msg, /is whole/)
  assert.equal(lines.length, 2)
})
