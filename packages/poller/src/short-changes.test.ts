import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyWindow, type LedgerWindow } from '@cf-audit-drain/log'
import { shortChanges } from './short-changes.ts'

const window = (changes: Partial<LedgerWindow>): LedgerWindow => {
  return { ...emptyWindow({ fromSec: 300, toSec: 600 }), held: 2, counted: 2, ...changes }
}
const closed = window({ state: 'closed' })
const short = window({ state: 'short', counted: 3 })
const gone = window({ state: 'short', counted: 1, gone: 1 })

/** What is told when the one becomes the other. */
const told = (before: LedgerWindow | null, after: LedgerWindow) => {
  const changes = shortChanges([after], () => before)
  return changes && (changes.short.length > 0 ? 'short' : 'whole')
}

test('a window is told when rows come to be missing, not for what is gone, and once', () => {
  for (const before of [null, closed, gone, window({ state: 'open', counted: null })])
    assert.equal(told(before, short), 'short')
  assert.equal(told(short, window({ state: 'short', counted: 4 })), null)
  assert.equal(told(closed, gone), null)
  assert.equal(told(null, closed), null)
})

test('it is whole when nothing is missing any more, and not when it is compared anew or has expired', () => {
  for (const after of [window({ state: 're-checked', counted: 3, held: 3 }), gone])
    assert.equal(told(short, after), 'whole')
  assert.equal(told(short, window({ state: 'open', counted: null })), null)
  assert.equal(told(short, window({ state: 'expired' })), null)
  assert.equal(told(window({ state: 'expired', counted: 3 }), closed), null)
})
