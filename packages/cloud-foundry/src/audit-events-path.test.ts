import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auditEventsPath, countableGuids, countedGuidsMax } from './audit-events-path.ts'

test('a window is asked for with gte and lt in whole seconds, ordered by created_at', () => {
  const path = auditEventsPath({ fromSec: 1_767_225_600, toSec: 1_767_229_200 }, 3, 5000)
  const query = new URL(path, 'https://api').searchParams
  assert.deepEqual(Object.fromEntries(query), {
    order_by: 'created_at',
    per_page: '5000',
    page: '3',
    'created_ats[gte]': '2026-01-01T00:00:00Z',
    'created_ats[lt]': '2026-01-01T01:00:00Z',
  })
  assert.ok(path.includes('created_ats%5Bgte%5D=2026-01-01T00%3A00%3A00Z'))
})

test('an open window has no lt', () => {
  assert.ok(!auditEventsPath({ fromSec: 0 }, 1, 1).includes('lt'))
})

test('what Cloud Controller would refuse, or answer with 500, is not sent', () => {
  const from = { fromSec: 0 }
  for (const perPage of [0, 5001, 1.5, Number.NaN])
    assert.throws(() => auditEventsPath(from, 1, perPage), RangeError)
  for (const page of [0, -1, 1.5]) assert.throws(() => auditEventsPath(from, page, 1), RangeError)
  for (const fromSec of [1.5, -1, Number.NaN, 1e15])
    assert.throws(() => auditEventsPath({ fromSec }, 1, 1), RangeError)
  assert.throws(() => auditEventsPath({ fromSec: 5, toSec: 5 }, 1, 1), RangeError)
})

test('a count takes 200 guids in a request line that nginx takes, and no more', () => {
  const guid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
  const guids = Array.from({ length: 450 }, (_, n) => guid(n))
  const batches = countableGuids(guids) ?? []
  assert.deepEqual(
    batches.map(({ length }) => length),
    [200, 200, 50],
  )
  assert.deepEqual(batches.flat(), guids)
  const window = { fromSec: 1_767_225_600, toSec: 1_767_229_200 }
  const path = auditEventsPath(window, 1, 1, batches[0])
  assert.ok(`GET ${path} HTTP/1.1`.length < 8_000, String(path.length))
  assert.equal(new URL(path, 'https://api').searchParams.get('guids'), batches[0]?.join(','))
  assert.throws(() => auditEventsPath(window, 1, 1, guids.slice(0, countedGuidsMax + 1)), RangeError)
  assert.throws(() => auditEventsPath(window, 1, 1, ['a,b']), RangeError)
})

test('guids that are longer go in more counts, and what is no guid in none', () => {
  const long = Array.from({ length: 100 }, (_, n) => String(n).padStart(180, 'g'))
  const batches = countableGuids(long) ?? []
  assert.deepEqual(batches.flat(), long)
  for (const batch of batches) assert.ok(batch.join(',').length <= 7_400)
  assert.equal(countableGuids(['good', 'a,b']), null)
  assert.deepEqual(countableGuids([]), [])
})
