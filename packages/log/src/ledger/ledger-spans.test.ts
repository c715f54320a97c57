import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spansOf } from './ledger-spans.ts'
import { emptyWindow, type LedgerState, type LedgerWindow } from './ledger-window.ts'

/** One of each letter: `S` short of two, `C` closed with three; small: nothing is in it; `.` none at all. */
function windowsOf(letters: string): readonly LedgerWindow[] {
  return [...letters].flatMap((letter, n): LedgerWindow[] => {
    const window = emptyWindow({ fromSec: n * 300, toSec: (n + 1) * 300 })
    const states: Record<string, LedgerState> = {
      s: 'short',
      c: 'closed',
      r: 're-checked',
      o: 'open',
      x: 'expired',
    }
    const state = states[letter.toLowerCase()]
    if (state === undefined) return []
    const isEmpty = letter !== letter.toUpperCase()
    if (state === 'short') return [{ ...window, state, counted: 0, held: 2, gone: 2 }]
    return [{ ...window, state, counted: isEmpty ? 0 : 3, held: isEmpty ? 0 : 3 }]
  })
}

const spans = (letters: string) =>
  [...spansOf(windowsOf(letters))].map(({ state, fromSec, toSec, windows, empty, held, gone }) => {
    const [from, to] = [fromSec / 300, toSec / 300]
    return `${state} ${from}-${to}: ${windows} +${empty}, ${held} held, ${gone} gone`
  })

test('empty windows do not part windows of one state; what holds something, is open or missing does', () => {
  assert.deepEqual(spans('ScSrcrSc'), ['short 0-7: 3 +4, 6 held, 6 gone', 'closed 7-8: 1 +0, 0 held, 0 gone'])
  assert.deepEqual(spans('SScrSSS'), ['short 0-7: 5 +2, 10 held, 10 gone'])
  assert.deepEqual(spans('SCS').length, 3)
  assert.deepEqual(spans('SoS').length, 3)
  assert.deepEqual(spans('SxS').length, 3)
  assert.deepEqual(spans('Sc.S').length, 3)
  assert.deepEqual(spans('ccSc'), [
    'closed 0-2: 2 +0, 0 held, 0 gone',
    'short 2-3: 1 +0, 2 held, 2 gone',
    'closed 3-4: 1 +0, 0 held, 0 gone',
  ])
  assert.deepEqual(spans('CrC'), ['closed 0-3: 2 +1, 6 held, 0 gone'])
  assert.deepEqual(spans(''), [])
})

test('open windows of which nobody wrote do not part those that hold something already', () => {
  assert.deepEqual(spans('O.O..O'), ['open 0-6: 3 +3, 9 held, 0 gone'])
  assert.deepEqual(spans('CO.OC.O'), [
    'closed 0-1: 1 +0, 3 held, 0 gone',
    'open 1-4: 2 +1, 6 held, 0 gone',
    'closed 4-5: 1 +0, 3 held, 0 gone',
    'open 6-7: 1 +0, 3 held, 0 gone',
  ])
})

test('a whole month of a truncated table is one span, every window of it in the sums', () => {
  const [one, ...more] = spans('Sc'.repeat(4_464).slice(0, -1))
  assert.deepEqual([one, more], ['short 0-8927: 4464 +4463, 8928 held, 8928 gone', []])
})
