import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SeenGuids } from './seen-guids.ts'

const sec = fc.integer({ min: 0, max: 30 })
const step = fc.oneof(
  fc.record({ what: fc.constant('add'), guid: fc.integer({ min: 0, max: 90 }), sec }),
  fc.record({ what: fc.constant('burst'), from: fc.integer({ min: 0, max: 60 }), sec }),
  fc.record({ what: fc.constant('forget'), fromSec: sec, lengthSec: fc.integer({ min: 0, max: 40 }) }),
  fc.record({ what: fc.constant('forgetBefore'), sec }),
)

/** Every third is no UUID. */
function guidOf(number: number): string {
  return number % 3 === 0 ? `guid-${number}` : `0a1b2c3d-4e5f-6071-8293-${String(number).padStart(12, '0')}`
}

test('knows what a plain list of guids and seconds knows, whatever is added and forgotten in which order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), sec, sec, (steps, a, b) => {
      const seen = new SeenGuids()
      let plain: { guid: string; sec: number }[] = []
      const add = (number: number, sec: number) => {
        const guid = guidOf(number)
        seen.add(guid, sec)
        if (!plain.some(each => each.guid === guid && each.sec === sec)) plain.push({ guid, sec })
      }
      for (const one of steps)
        if ('guid' in one) add(one.guid, one.sec)
        else if ('from' in one)
          // More than are kept as a list.
          for (let i = 0; i < 40; i++) add(one.from + i, one.sec)
        else if ('sec' in one) {
          seen.forgetBefore(one.sec)
          plain = plain.filter(each => each.sec >= one.sec)
        } else {
          const toSec = one.fromSec + one.lengthSec
          seen.forget(one.fromSec, toSec)
          plain = plain.filter(each => each.sec < one.fromSec || each.sec >= toSec)
        }
      const [fromSec, toSec] = [Math.min(a, b), Math.max(a, b)]
      const within = plain.filter(each => each.sec >= fromSec && each.sec < toSec).map(({ guid }) => guid)
      assert.equal(seen.size, plain.length)
      assert.equal(seen.count(fromSec, toSec), within.length)
      assert.deepEqual([...seen.guids(fromSec, toSec)].sort(), within.sort())
      for (const each of plain) assert.ok(seen.has(each.guid, each.sec))
    }),
    { numRuns: 500 },
  )
})
