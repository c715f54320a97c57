import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf, emptyWindow, type LedgerWindow, missingOf } from '@cf-audit-drain/log'
import type { Checkpoint } from './checkpoint.ts'
import { type Addition, Ledger } from './ledger.ts'

/** Goal: what one publish makes of one window. Method: by hand, without a log. */
const checkpoint: Checkpoint = {
  startSec: 0,
  baselineSec: 0,
  tailFromSec: 3_000,
  settledSec: 0,
  unread: [],
  closedWindows: 0,
  writtenMs: 0,
}
const closed = {
  ...emptyWindow({ fromSec: 300, toSec: 600 }),
  state: 'closed',
  counted: 2,
  held: 2,
  digest: digestOf(['a', 'b']),
} as const

function ledgerOf(...windows: readonly (typeof closed)[]): Ledger {
  const ledger = new Ledger(0)
  ledger.apply(windows)
  return ledger
}

function addition(changes: Partial<Addition>): Addition {
  return {
    entries: [],
    look: null,
    before: checkpoint,
    after: checkpoint,
    nowMs: 9,
    heldKeys: () => ['a', 'b'],
    isDeadLetter: () => false,
    isForgotten: () => false,
    ...changes,
  }
}

const lookAt = (keys: readonly string[], since: readonly string[] = []) => ({
  range: { fromSec: 300, toSec: 600 },
  shown: new Map([[300, { rows: keys.length, keys: new Set(keys) }]]),
  missing: 0,
  since: new Set(since),
  expiresBeforeSec: Number.NEGATIVE_INFINITY,
})

test('an event that comes late is in the count and the digest of its window at once', () => {
  const { windows, lateSecs } = ledgerOf(closed).after(
    addition({ entries: [{ guid: 'c', createdAtSec: 400 }] }),
  )
  assert.deepEqual(windows, [
    { ...closed, state: 're-checked', counted: 3, held: 3, digest: digestOf(['a', 'b', 'c']) },
  ])
  assert.deepEqual(lateSecs, [400])
})

test('a guid that is held and not shown makes the window short; one that came since the look began does not', () => {
  const { windows, gone } = ledgerOf(closed).after(addition({ look: lookAt(['a']) }))
  assert.deepEqual(
    windows.map(({ state, counted, held, gone: count }) => [state, counted, held, count]),
    [['short', 1, 2, 1]],
  )
  assert.deepEqual(
    gone.map(({ guids }) => guids),
    [['b']],
  )
  const ledger = ledgerOf(closed)
  const { windows: later } = ledger.after(addition({ entries: [{ guid: 'c', createdAtSec: 400 }] }))
  ledger.apply(later)
  const looked = ledger.after(addition({ heldKeys: () => ['a', 'b', 'c'], look: lookAt(['a', 'b'], ['c']) }))
  assert.deepEqual(looked.gone, [])
  assert.equal(ledger.windowOf(400)?.state, 're-checked')
})

test('what the clean-up may have reached expires with the numbers of before', () => {
  const look = { ...lookAt(['a']), expiresBeforeSec: 301 }
  const { windows, gone } = ledgerOf(closed).after(addition({ look }))
  assert.deepEqual(windows, [{ ...closed, state: 'expired', checkedAtMs: 9 }])
  assert.deepEqual(gone, [])
})

test('a row that is counted and not shown is missing, and the digest is of what is held', () => {
  const { windows } = ledgerOf(closed).after(addition({ look: { ...lookAt(['a', 'b']), missing: 1 } }))
  assert.deepEqual(
    windows.map(({ state, counted, held, digest }) => [state, counted, held, digest]),
    [['short', 3, 2, closed.digest]],
  )
})

test('that a window is as it was is not written again', () => {
  assert.deepEqual(
    ledgerOf({ ...closed, state: 're-checked' } as unknown as typeof closed).after(
      addition({ look: lookAt(['a', 'b']) }),
    ).windows,
    [],
  )
})

const accepted = { ...checkpoint, acceptedSec: 2_000 }
const ofBefore = { before: accepted, after: accepted }

test('of before less was accepted: what comes late is one more in the count, and what is hidden is none', () => {
  const halfHidden = { ...closed, counted: 1 } as unknown as typeof closed
  const { windows } = ledgerOf(halfHidden).after(
    addition({ ...ofBefore, entries: [{ guid: 'c', createdAtSec: 400 }] }),
  )
  assert.deepEqual(
    windows.map(({ state, counted, held }) => [state, counted, held]),
    [['re-checked', 2, 3]],
  )
})

test('of before less was accepted: what is counted and not shown is missing beside what is hidden, until it comes', () => {
  const ledger = ledgerOf(closed)
  const numbers = ({ state, counted, held, hidden, ...window }: LedgerWindow) => {
    return [state, counted, held, hidden, missingOf({ ...window, state, counted, held, hidden })]
  }
  const { windows } = ledger.after(addition({ ...ofBefore, look: { ...lookAt(['a']), missing: 1 } }))
  assert.deepEqual(windows.map(numbers), [['short', 2, 2, 1, 1]])
  ledger.apply(windows)
  const late = addition({ ...ofBefore, entries: [{ guid: 'c', createdAtSec: 400 }] })
  assert.deepEqual(ledger.after(late).windows.map(numbers), [['re-checked', 2, 3, 1, 0]])
  const forgotten = { ...ofBefore, look: { ...lookAt(['a']), missing: 1 }, isForgotten: () => true }
  assert.deepEqual(ledger.after(addition({ ...forgotten, nowMs: 1e9 })).windows.map(numbers), [
    ['short', 2, 2, 1, 1],
  ])
})

test('of before less was accepted: so it is of a window that is passed only then', () => {
  const open = { ...closed, state: 'open', counted: null, digest: null } as unknown as typeof closed
  const before = { ...accepted, tailFromSec: 300 }
  const { windows } = ledgerOf(open).after(
    addition({ before, after: accepted, look: { ...lookAt(['a']), missing: 1 } }),
  )
  assert.deepEqual(
    windows.map(window => [window.state, window.counted, window.held, window.hidden, missingOf(window)]),
    [['short', 2, 2, 1, 1]],
  )
})

test('of before less was accepted: what is not shown is not gone, also where only numbers are known', () => {
  for (const isForgotten of [false, true]) {
    const look = lookAt(['a'])
    const { windows, gone } = ledgerOf(closed).after(
      addition({ ...ofBefore, look, isForgotten: () => isForgotten }),
    )
    assert.deepEqual(gone, [])
    assert.deepEqual(
      windows.map(({ state, counted, held, gone }) => [state, counted, held, gone]),
      [[isForgotten ? 'counted' : 'closed', 1, 2, 0]],
    )
  }
})

test('of before less was accepted: what the clean-up may have reached expires, whether or not it is hidden', () => {
  const look = { ...lookAt(['a']), expiresBeforeSec: 301 }
  const { windows } = ledgerOf(closed).after(addition({ ...ofBefore, look }))
  assert.deepEqual(windows, [{ ...closed, state: 'expired', checkedAtMs: 9 }])
})

test('of before less was accepted: rows that are shown again are hidden no more, also where only numbers are known', () => {
  for (const isForgotten of [false, true]) {
    const hidden = { ...closed, counted: 1, hidden: 1 } as unknown as typeof closed
    const look = lookAt(['a', 'b'])
    const { windows } = ledgerOf(hidden).after(
      addition({ ...ofBefore, look, isForgotten: () => isForgotten }),
    )
    assert.deepEqual(
      windows.map(window => [window.state, window.counted, window.hidden, missingOf(window)]),
      [[isForgotten ? 'counted' : 're-checked', 2, 0, 0]],
    )
  }
})
