import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@cf-audit-drain/pipeline'
import { FencingWar } from './fencing-war.ts'

const minuteMs = 60_000

test('two that fence each other do so ever more rarely: at most 12 times in the first half hour', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const sides = [new FencingWar(seededRandom(seed)), new FencingWar(seededRandom(-seed))]
    // Each side comes back after its delay and then holds the writer until the other one does.
    const backAtMs = [0, 0]
    let [holder, sinceMs, nowMs, fencings] = [0, 0, 0, 0]
    for (;;) {
      const other = 1 - holder
      nowMs = Math.max(nowMs, backAtMs[other] ?? 0)
      if (nowMs >= 30 * minuteMs) break
      backAtMs[holder] = nowMs + (sides[holder]?.fenced(nowMs - sinceMs).delayMs ?? 0)
      fencings++
      holder = other
      sinceMs = nowMs
    }
    assert.ok(fencings <= 24, `seed ${seed}: ${fencings} fencings, both sides together`)
  }
})

test('the first delay is some seconds, none is longer than five minutes, and peace begins anew', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const war = new FencingWar(seededRandom(seed))
    const delays = Array.from({ length: 40 }, (_, i) => war.fenced(i === 0 ? 60 * minuteMs : 0).delayMs)
    assert.ok(
      delays.every(delayMs => delayMs >= 2_500 && delayMs <= 5 * minuteMs),
      `seed ${seed}: ${delays}`,
    )
    assert.ok((delays[0] ?? 0) <= 5_000)
    assert.ok(
      delays.slice(6).every(delayMs => delayMs >= 2.5 * minuteMs),
      `seed ${seed}: ${delays}`,
    )
    assert.equal(war.fenced(5 * minuteMs).inRow, 41, 'the other side may just keep away')
    assert.equal(war.fenced(10 * minuteMs).inRow, 1)
  }
})
