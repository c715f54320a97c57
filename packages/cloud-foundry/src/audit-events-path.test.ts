import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auditEventsPath } from './audit-events-path.ts'

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
