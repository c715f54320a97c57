import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyWindow } from '../ledger/ledger-window.ts'
import { toLedgerWindow } from './ledger-record.ts'

const window = { ...emptyWindow({ fromSec: 300, toSec: 600 }), held: 2 }
const recordOf = (value: unknown, key = '300') => ({
  key: Buffer.from(key),
  value: Buffer.from(JSON.stringify(value)),
})

test('a window of an earlier version, which did not say what is hidden, has nothing hidden', () => {
  const { hidden: _, ...earlier } = window
  assert.deepEqual(toLedgerWindow(recordOf(earlier)), window)
  assert.deepEqual(toLedgerWindow(recordOf({ ...window, hidden: 1 })), { ...window, hidden: 1 })
})

test('what is no window of ours is none', () => {
  const { gone: _, ...broken } = window
  for (const value of [broken, null, 7, [], { ...window, state: 'odd' }, { ...window, held: 'two' }])
    assert.equal(toLedgerWindow(recordOf(value)), null)
  assert.equal(toLedgerWindow(recordOf(window, '600')), null)
})
