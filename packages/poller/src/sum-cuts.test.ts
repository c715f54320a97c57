import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@cf-audit-drain/pipeline'
import { SumCuts } from './sum-cuts.ts'

const daySec = 86_400
/** Every eighth verification, five minutes each. */
const everySec = 2_400
const hoursOf = (cuts: number) => (cuts * everySec) / 3_600

/** Hours until a cut falls between two rows, anywhere in passed time that slides, or grows at its end alone. */
function hoursApart(apartSec: number, isSliding: boolean, seed: number): readonly number[] {
  const random = seededRandom(seed)
  return Array.from({ length: 500 }, () => {
    const cuts = new SumCuts(random)
    let nowSec = 1_000 * daySec
    const range = () => ({ fromSec: isSliding ? nowSec - 31 * daySec : 969 * daySec, toSec: nowSec })
    // Cuts were made before.
    for (let i = 0; i < 20 + random() * 20; i++, nowSec += everySec) cuts.next(range())
    const newerSec = nowSec - random() * (28 * daySec - apartSec)
    for (let n = 1; ; n++, nowSec += everySec) {
      const sec = cuts.next(range())
      if (newerSec - apartSec < sec && sec <= newerSec) return hoursOf(n)
    }
  })
}

/** As the README and decision 10 say. */
for (const [apart, apartSec, meanMax, max] of [
  ['a week', 7 * daySec, 2, 6],
  ['a day', daySec, 13, 40],
] as const)
  for (const isSliding of [true, false])
    test(`two rows that are ${apart} apart are told apart within ${max} h, and ${meanMax} h on average, in a ${isSliding ? 'full' : 'young'} history`, t => {
      const hours = hoursApart(apartSec, isSliding, 1)
      const mean = hours.reduce((sum, one) => sum + one, 0) / hours.length
      t.diagnostic(`${mean.toFixed(1)} h on average, at most ${Math.max(...hours).toFixed(1)} h (seed 1)`)
      assert.ok(mean <= meanMax && Math.max(...hours) <= max)
    })

test('cuts lie within the range, also when it becomes another', () => {
  const cuts = new SumCuts(seededRandom(1))
  for (const [fromSec, toSec] of [
    [0, 300],
    [9_000, 9_300],
    [300, 100_000],
    [7, 7],
    [-600, -300],
  ] as const)
    for (let i = 0; i < 20; i++) {
      const sec = cuts.next({ fromSec, toSec })
      assert.ok(sec >= fromSec && (sec < toSec || fromSec === toSec), `${sec} in ${fromSec} to ${toSec}`)
    }
})
