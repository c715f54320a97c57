import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEventPage, EventWindow } from '@cf-audit-drain/cloud-foundry'
import { splitEventPage } from '@cf-audit-drain/event'
import { type AuditEvents, readSegment } from './read-segment.ts'

/**
 * Goal: a window counts as whole only when Cloud Controller's own count says so. Method: a source whose pages and
 * counts are set by hand, because a simulator that is mended by the next poll hides a window that closed too early.
 */
interface Answer {
  readonly rows: readonly { readonly guid: string | null; readonly sec: number }[]
  readonly total: number
}

const signal = new AbortController().signal

function pageOf({ rows, total }: Answer): AuditEventPage {
  const resources = rows.map(({ guid, sec }) => ({
    guid,
    type: 'audit.app.start',
    created_at: `${new Date(sec * 1000).toISOString().slice(0, 19)}Z`,
    data: {},
  }))
  const body = JSON.stringify({ pagination: { total_results: total }, resources })
  return { ...splitEventPage(body), bytes: body.length }
}

function source(answers: readonly Answer[], counts: readonly number[] = []) {
  const asked: EventWindow[] = []
  const [pages, totals] = [[...answers], [...counts]]
  const events: AuditEvents = {
    async auditEvents(query) {
      asked.push(query)
      return pageOf((pages.length > 1 ? pages.shift() : pages[0]) ?? { rows: [], total: 0 })
    },
    async countAuditEvents() {
      return totals.shift() ?? 0
    },
  }
  return { events, asked }
}

const rows = (...list: readonly (readonly [string | null, number])[]) =>
  list.map(([guid, sec]) => ({ guid, sec }))

test('as many rows as counted is whole, and so are more', async () => {
  for (const total of [2, 1]) {
    const { events } = source([{ rows: rows(['a', 10], ['b', 11]), total }])
    const segment = await readSegment(events, { fromSec: 10, toSec: 20 }, signal)
    assert.deepEqual([segment.complete, segment.missing, segment.toSec], [true, 0, 20])
  }
})

test('fewer rows than counted is not whole, and says how many are missing', async () => {
  const { events } = source([{ rows: rows(['a', 10]), total: 3 }])
  const segment = await readSegment(events, { fromSec: 10, toSec: 20 }, signal)
  assert.deepEqual([segment.complete, segment.missing], [false, 2])
})

test('a row that is shown twice does not stand in for one that is not shown', async () => {
  const { events } = source([{ rows: rows(['a', 10], ['a', 10]), total: 2 }])
  assert.equal((await readSegment(events, { fromSec: 10 }, signal)).complete, false)
})

test('rows without a guid are rows all the same', async () => {
  const { events } = source([{ rows: rows([null, 10], [null, 10]), total: 2 }])
  assert.equal((await readSegment(events, { fromSec: 10 }, signal)).complete, true)
})

test('a full page is a whole reading of all but its last second, if the count agrees', async () => {
  const full = rows(['a', 10], ['b', 11], ['c', 12], ['d', 12])
  const agreed = await readSegment(
    source([{ rows: full, total: 9 }], [2]).events,
    { fromSec: 10, toSec: 99 },
    signal,
    4,
  )
  assert.deepEqual([agreed.complete, agreed.toSec, agreed.rows.length], [true, 12, 4])
  const short = await readSegment(
    source([{ rows: full, total: 9 }], [3]).events,
    { fromSec: 10, toSec: 99 },
    signal,
    4,
  )
  assert.deepEqual([short.complete, short.missing], [false, 1])
})

test('an overfull second is read until two readings show the same guids, as many as counted', async () => {
  const first = rows(['a', 10], ['b', 10])
  const second = rows(['c', 10])
  const shifted = rows(['b', 10])
  const quiet = source([
    { rows: first, total: 3 },
    { rows: first, total: 3 },
    { rows: second, total: 3 },
    { rows: first, total: 3 },
    { rows: second, total: 3 },
  ])
  const whole = await readSegment(quiet.events, { fromSec: 10, toSec: 99 }, signal, 2)
  assert.deepEqual([whole.complete, whole.toSec, whole.rows.length], [true, 11, 3])
  assert.equal(quiet.asked.length, 5, 'one reading is not enough')

  const drifting = source([
    { rows: first, total: 3 },
    ...Array.from({ length: 4 }, () => [
      { rows: first, total: 3 },
      { rows: shifted, total: 3 },
    ]).flat(),
  ])
  const broken = await readSegment(drifting.events, { fromSec: 10, toSec: 99 }, signal, 2)
  assert.deepEqual([broken.complete, broken.missing], [false, 1])
})
