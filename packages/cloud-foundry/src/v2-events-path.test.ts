import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v2EventsPath } from './v2-events-path.ts'

test('a window is asked for with >= and < in whole seconds, oldest first', () => {
  const path = v2EventsPath({ fromSec: 1_767_225_600, toSec: 1_767_229_200 }, 3, 100)
  const query = new URL(path, 'https://api').searchParams
  assert.deepEqual(
    [...query],
    [
      ['order-direction', 'asc'],
      ['results-per-page', '100'],
      ['page', '3'],
      ['q', 'timestamp>=2026-01-01T00:00:00Z'],
      ['q', 'timestamp<2026-01-01T01:00:00Z'],
    ],
  )
  assert.ok(path.includes('q=timestamp%3E%3D2026-01-01T00%3A00%3A00Z'))
  assert.ok(!v2EventsPath({ fromSec: 0 }, 1, 1).includes('%3C'))
})

test('what Cloud Controller would refuse is not sent', () => {
  for (const perPage of [0, 101, 1.5])
    assert.throws(() => v2EventsPath({ fromSec: 0 }, 1, perPage), RangeError)
  assert.throws(() => v2EventsPath({ fromSec: 0 }, 0, 1), RangeError)
  assert.throws(() => v2EventsPath({ fromSec: 5, toSec: 5 }, 1, 1), RangeError)
  assert.throws(() => v2EventsPath({ fromSec: 1.5 }, 1, 1), RangeError)
})
