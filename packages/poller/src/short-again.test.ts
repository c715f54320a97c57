import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyWindow, type LedgerWindow } from '@cf-audit-drain/log'
import { seededRandom } from '@cf-audit-drain/pipeline'
import { spansOf } from './clean-up.ts'
import { ShortAgain } from './short-again.ts'
import { expected } from './window-batches.ts'

/** Goal: each short window has its turn within the hour, in few requests. Method: verifications by hand, of ledgers made by seeds. */
const seeds = (process.env['SEEDS'] ?? '1,2,3').split(',').map(Number)
const minuteMs = 60_000
const rowsMax = 500

interface Made {
  readonly windows: number
  readonly rowsOfEach: number
  /** Of so many of them rows are missing; and gone. */
  readonly missing: number
  readonly gone: number
}

/** Some windows are not passed, so that there are spans. */
function ledgerOf({ windows, rowsOfEach, missing, gone }: Made, seed: number): readonly LedgerWindow[] {
  const random = seededRandom(seed)
  const all = Array.from({ length: windows }, (_, i) => i).filter(i => i % 1_000 !== 999)
  const chosen = new Set<number>()
  while (chosen.size < missing + gone) chosen.add(all[Math.floor(random() * all.length)] ?? 0)
  const [missingAt, goneAt] = [[...chosen].slice(0, missing), [...chosen].slice(missing)]
  return all.map(i => ({
    ...emptyWindow({ fromSec: i * 300, toSec: (i + 1) * 300 }),
    state: chosen.has(i) ? ('short' as const) : ('closed' as const),
    held: rowsOfEach,
    counted: rowsOfEach + (missingAt.includes(i) ? 1 : 0) - (goneAt.includes(i) ? 1 : 0),
    gone: goneAt.includes(i) ? 1 : 0,
  }))
}

interface Course {
  /** Each begins once more before it comes to its turns. */
  readonly fails?: boolean
  /** From half time on the clock says so much less. */
  readonly backMs?: number
}

/** Three hours of verifications: how long each window waited at most, in minutes, and the most that were due in one. */
function waits(ledger: readonly LedgerWindow[], everyMs: number, { fails = false, backMs = 0 }: Course = {}) {
  const again = new ShortAgain()
  const lastMs = new Map<number, number>()
  const [waited, most] = [new Map<number, number>(), { read: 0, counted: 0 }]
  const note = (span: readonly LedgerWindow[], nowMs: number) => {
    for (const { fromSec } of span) {
      const ms = nowMs - (lastMs.get(fromSec) ?? 0)
      waited.set(fromSec, Math.max(waited.get(fromSec) ?? 0, ms / minuteMs))
      lastMs.set(fromSec, nowMs)
    }
  }
  for (let nowMs = everyMs; nowMs <= 180 * minuteMs; nowMs += everyMs) {
    const clockMs = 1e9 + nowMs - (nowMs > 90 * minuteMs ? backMs : 0)
    if (fails) again.begin(clockMs - 10_000)
    again.begin(clockMs)
    const read = again.due(ledger, rowsMax)
    const counted = again.lossesDue(ledger)
    for (const span of read) again.read(span)
    for (const span of counted) again.counted(span)
    again.end()
    for (const span of [...read, ...counted]) {
      assert.equal(spansOf(span).length, 1, 'contiguous')
      note(span, nowMs)
    }
    for (const span of read) assert.ok(span.length === 1 || expected(span) <= rowsMax)
    most.read = Math.max(most.read, read.length)
    most.counted = Math.max(most.counted, counted.length)
  }
  note(
    ledger.filter(({ state }) => state === 'short'),
    180 * minuteMs,
  )
  return { waited, most }
}

for (const [name, made, mostRead, mostCounted] of [
  ['a few', { windows: 9_000, rowsOfEach: 20, missing: 5, gone: 5 }, 3, 1],
  ['many of a quiet foundation', { windows: 9_000, rowsOfEach: 1, missing: 600, gone: 600 }, 9, 2],
  ['many of a busy one', { windows: 9_000, rowsOfEach: 400, missing: 200, gone: 200 }, 28, 2],
  ['all', { windows: 990, rowsOfEach: 10, missing: 0, gone: 989 }, 0, 1],
] as const)
  for (const seed of seeds)
    test(`each short window is looked at within the hour: ${name} (seed ${seed})`, t => {
      const ledger = ledgerOf(made, seed)
      const { waited, most } = waits(ledger, 5.5 * minuteMs)
      const longest = Math.max(
        ...ledger.filter(({ state }) => state === 'short').map(({ fromSec }) => waited.get(fromSec) ?? 999),
      )
      t.diagnostic(`after ${longest} min; ${most.read} readings and ${most.counted} counts at once at most`)
      assert.ok(longest <= 60, `${longest} min`)
      assert.ok(most.read <= mostRead && most.counted <= mostCounted, JSON.stringify(most))
    })

for (const [name, course] of [
  ['though each verification fails once', { fails: true }],
  ['though the clock is put back by six hours', { backMs: 360 * minuteMs }],
] as const)
  for (const seed of seeds)
    test(`each short window is looked at within the hour, ${name} (seed ${seed})`, () => {
      const ledger = ledgerOf({ windows: 9_000, rowsOfEach: 20, missing: 20, gone: 8 }, seed)
      const { waited } = waits(ledger, 5.5 * minuteMs, course)
      const longest = Math.max(
        ...ledger.filter(({ state }) => state === 'short').map(({ fromSec }) => waited.get(fromSec) ?? 999),
      )
      // When the clock is put back each begins its time anew.
      assert.ok(longest <= ('backMs' in course ? 105 : 60), `${longest} min`)
    })

test('windows that are new are read after those whose turn it is', () => {
  const again = new ShortAgain()
  const ledger = ledgerOf({ windows: 900, rowsOfEach: 20, missing: 4, gone: 0 }, 1)
  const short = ledger.filter(({ state }) => state === 'short')
  const old = ledger.filter(window => window !== short.at(-1))
  let last: readonly (readonly LedgerWindow[])[] = []
  for (let minute = 5; minute <= 180; minute += 5) {
    again.begin(minute * minuteMs)
    last = again.due(minute < 150 ? old : ledger, rowsMax)
    for (const span of last) again.read(span)
    again.end()
    if (minute >= 150 && last.length > 1) break
  }
  assert.deepEqual(
    last.map(([window]) => window === short.at(-1)),
    [false, true],
  )
})
