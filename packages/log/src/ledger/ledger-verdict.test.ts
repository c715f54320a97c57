import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from './guid-digest.ts'
import { LedgerSummary, runsOf, verdictSentence } from './ledger-verdict.ts'
import { emptyWindow, type LedgerWindow } from './ledger-window.ts'

const baseSec = Date.parse('2026-11-22T09:00:00Z') / 1000

/** The n-th five minutes. */
function windowAt(n: number, changes: Partial<LedgerWindow>): LedgerWindow {
  const fromSec = baseSec + n * 300
  return { ...emptyWindow({ fromSec, toSec: fromSec + 300 }), counted: 2, held: 2, ...changes }
}

function verdictOf(windows: readonly LedgerWindow[], throughWindows: number) {
  const summary = new LedgerSummary(300)
  for (const window of windows) summary.add(window)
  return summary.verdict(baseSec + throughWindows * 300)
}

const closed = { state: 'closed' } as const

test('what was passed is complete up to its end, and the time since is open', () => {
  const windows = [
    windowAt(0, { state: 'expired' }),
    windowAt(1, { state: 're-checked' }),
    windowAt(2, closed),
  ]
  assert.equal(
    verdictSentence(verdictOf(windows, 5)),
    'complete up to 2026-11-22T09:15:00Z, 2 windows open, none short',
  )
  assert.deepEqual(verdictOf(windows, 3).windows, { open: 0, closed: 2, short: 0, expired: 1 })
  assert.equal(verdictSentence(verdictOf(windows, 4)).includes('1 window open'), true)
})

test('a window that lacks events ends what is complete, one of which events are gone does not', () => {
  const gone = windowAt(1, { state: 'short', gone: 1, counted: 1 })
  assert.equal(verdictOf([windowAt(0, closed), gone, windowAt(2, closed)], 3).completeUpToSec, baseSec + 900)
  const missing = windowAt(1, { state: 'short', counted: 5 })
  const verdict = verdictOf([windowAt(0, closed), missing, windowAt(2, closed)], 3)
  assert.equal(verdict.completeUpToSec, baseSec + 300)
  for (const hidden of [1, 0]) {
    const beside = verdictOf([windowAt(0, closed), windowAt(1, { state: 'short', counted: 2, hidden })], 2)
    assert.deepEqual([beside.completeUpToSec, beside.missing], [baseSec + 300, hidden])
  }
  assert.equal(
    verdictSentence(verdict),
    'complete up to 2026-11-22T09:05:00Z, 0 windows open, 1 short (3 counted and not held, 0 held and no longer shown)',
  )
})

test('windows that nobody wrote of are open, and end what is complete', () => {
  const { windows, completeUpToSec } = verdictOf([windowAt(0, closed), windowAt(4, closed)], 5)
  assert.deepEqual([windows.open, completeUpToSec], [3, baseSec + 300])
  assert.equal(verdictOf([], 5).completeUpToSec, null)
})

test('what was missing when the clean-up came is lost, and stays in the verdict', () => {
  const verdict = verdictOf([windowAt(0, { state: 'expired', counted: 3 }), windowAt(1, closed)], 2)
  assert.deepEqual([verdict.lost, verdict.missing, verdict.windows.short], [1, 0, 0])
  assert.match(verdictSentence(verdict), /none short, 1 counted and never had before the clean-up$/)
})

test('windows of one state that follow each other are one run', () => {
  const windows = [
    windowAt(0, closed),
    windowAt(1, closed),
    windowAt(2, { state: 'open' }),
    windowAt(4, closed),
  ]
  assert.deepEqual(
    [...runsOf(windows)].map(({ state, windows, held, toSec }) => [
      state,
      windows,
      held,
      (toSec - baseSec) / 300,
    ]),
    [
      ['closed', 2, 4, 2],
      ['open', 1, 2, 3],
      ['closed', 1, 2, 5],
    ],
  )
})

test('the digest is what sort and sha256sum make of the guids', () => {
  assert.equal(digestOf([]), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  // printf 'b\na\nC\n' | LC_ALL=C sort | sha256sum
  assert.equal(digestOf(['b', 'a', 'C']), digestOf(new Set(['a', 'C', 'b'])))
  assert.equal(digestOf(['b', 'a', 'C']), '3f68da53d4e4f6b0188291d1f04d5c0c9e387f691abea2b024b82bc8bb64a9ab')
})
