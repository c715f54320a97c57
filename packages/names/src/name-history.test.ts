import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, seededRandom } from '@cf-audit-drain/pipeline'
import { type NameHistory, type NamePoint, nameAt, pointsMax, recordName } from './name-history.ts'

const seen = (sec: number, name: string): NamePoint => ({ sec, name, begins: false })
const begins = (sec: number, name: string): NamePoint => ({ sec, name, begins: true })
const historyOf = (...points: readonly NamePoint[]): NameHistory => points.reduce(recordName, [])
const at = (history: NameHistory, sec: number) => {
  const answer = nameAt(history, sec)
  return typeof answer === 'string' ? `(${answer})` : answer.name
}

test('a thing has the name of the time that is asked about', () => {
  const history = historyOf(seen(10, 'old'), begins(20, 'new'))
  assert.deepEqual(
    [0, 10, 19, 20, 99].map(sec => at(history, sec)),
    ['old', 'old', 'old', 'new', 'new'],
  )
})

test('of a thing that was renamed nothing is known before, unless it was seen then', () => {
  assert.equal(at(historyOf(begins(20, 'new')), 19), '(renamed)')
  assert.equal(at([], 19), '(unknown)')
  assert.equal(at(historyOf(begins(20, 'new'), seen(3, 'old')), 19), 'old')
})

test('an update with the name it had already is no renaming', () => {
  assert.equal(at(historyOf(begins(20, 'same'), seen(10, 'same')), 5), 'same')
  assert.equal(at(historyOf(seen(10, 'same'), begins(20, 'same')), 5), 'same')
})

test('in the second of a renaming it has the new name, whatever the event that renamed it calls it', () => {
  for (const points of [
    [seen(20, 'old'), begins(20, 'new')],
    [begins(20, 'new'), seen(20, 'old')],
  ]) {
    assert.equal(at(historyOf(...points), 20), 'new')
    assert.equal(at(historyOf(...points), 19), 'old')
  }
  assert.equal(at(historyOf(seen(20, 'new'), begins(20, 'new')), 19), '(renamed)')
  assert.equal(at(historyOf(begins(20, 'new'), seen(20, 'new')), 19), '(renamed)')
})

test('what is nothing new leaves the very same history', () => {
  const history = historyOf(seen(10, 'old'), begins(20, 'new'))
  for (const point of [
    seen(10, 'old'),
    seen(15, 'old'),
    begins(20, 'new'),
    seen(20, 'new'),
    seen(400, 'new'),
  ])
    assert.equal(recordName(history, point), history)
})

test('a thing that is renamed for ever keeps its last names', () => {
  const points = Array.from({ length: 3 * pointsMax }, (_, sec) => begins(sec, `name ${sec}`))
  const history = historyOf(...points)
  assert.equal(history.length, pointsMax)
  assert.equal(at(history, 1_000), `name ${3 * pointsMax - 1}`)
  assert.equal(at(history, 0), '(renamed)')
})

interface Life {
  readonly renamedAt: readonly number[]
  /** Everything anybody could know. */
  readonly points: readonly NamePoint[]
}

/** A thing renamed up to five times, seen by events here and there. */
function life(random: Random): Life {
  const renamedAt = Array.from({ length: Math.floor(random() * 6) }, () => 1 + Math.floor(random() * 99))
  const moments = [...new Set(renamedAt)].sort((a, b) => a - b)
  const nameOf = (sec: number) => `name ${moments.filter(moment => moment <= sec).length}`
  const sightings = Array.from({ length: Math.floor(random() * 12) }, () => Math.floor(random() * 100))
  return {
    renamedAt: moments,
    points: [
      ...moments.map(sec => begins(sec, nameOf(sec))),
      ...sightings.map(sec => seen(sec, nameOf(sec))),
    ],
  }
}

const shuffled = <T>(items: readonly T[], random: Random): readonly T[] =>
  items
    .map(item => ({ item, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item)

const seed = Number(process.env['SEED'] ?? 20_261_122)

test(`in whatever order it becomes known, the history is the same, and never shows another time's name (seed ${seed})`, () => {
  const random = seededRandom(seed)
  for (let run = 0; run < 3_000; run++) {
    const { renamedAt, points } = life(random)
    const first = historyOf(...shuffled(points, random))
    const second = historyOf(...shuffled(points, random), ...shuffled(points, random).slice(0, 3))
    assert.deepEqual(first, second, `run ${run}: ${JSON.stringify(points)}`)
    for (let sec = 0; sec < 100; sec++) {
      const name = at(first, sec)
      const period = renamedAt.filter(moment => moment <= sec).length
      // Every renaming is known here, so what is not known is only what was before the first.
      if (name === '(renamed)' || name === '(unknown)') assert.equal(period, 0)
      else assert.equal(name, `name ${period}`, `run ${run}, second ${sec}: ${JSON.stringify(first)}`)
    }
  }
})

test(`of part of what happened it shows the name of the time or of an earlier one, and never invents one (seed ${seed})`, () => {
  const random = seededRandom(seed)
  for (let run = 0; run < 3_000; run++) {
    const { renamedAt, points } = life(random)
    const known = points.filter(() => random() < 0.5)
    const history = historyOf(...shuffled(known, random))
    assert.deepEqual(history, historyOf(...shuffled(known, random)))
    for (let sec = 0; sec < 100; sec++) {
      const name = at(history, sec)
      if (name.startsWith('(')) continue
      assert.ok(known.some(point => point.name === name))
      const earlier = known.some(point => point.sec <= sec)
      const period = renamedAt.filter(moment => moment <= sec).length
      if (earlier) assert.ok(Number(name.slice(5)) <= period, `run ${run}: a later name at ${sec}`)
    }
  }
})
