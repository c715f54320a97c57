import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, seededRandom } from '@cf-audit-drain/pipeline'
import { EventStore, type Selection, type StoredRow } from './event-store.ts'
import { randomGuid } from './random-guid.ts'
import type { CompleteRow } from './simulated-row.ts'

const upTo = (random: Random, most: number): number => Math.floor(random() * most)

function someRow(random: Random, nowMs: number): CompleteRow {
  const guid = randomGuid(random)
  return {
    guid,
    type: `type-${upTo(random, 3)}`,
    targetGuid: '',
    spaceGuid: null,
    organizationGuid: null,
    createdAtUs: upTo(random, 50) * 1e6 + upTo(random, 3),
    visibleAtMs: random() < 0.5 ? Number.NEGATIVE_INFINITY : nowMs + upTo(random, 20),
    text: `{"guid":"${guid}","filler":"${'é'.repeat(upTo(random, 40))}"}`,
    malformed: false,
  }
}

/** The same table without any index. */
function plainly(rows: readonly StoredRow[], selection: Selection): StoredRow[] {
  const { fromUs, toUs, where, order, descending } = selection
  const chosen = rows
    .filter(row => row.createdAtUs >= fromUs && row.createdAtUs < toUs && (where?.(row) ?? true))
    .sort((a, b) =>
      order === 'id' ? a.id - b.id : a.createdAtUs - b.createdAtUs || (a.guid < b.guid ? -1 : 1),
    )
  return descending ? chosen.reverse() : chosen
}

function someSelection(random: Random): Selection {
  const fromUs = random() < 0.3 ? Number.NEGATIVE_INFINITY : upTo(random, 50) * 1e6
  return {
    fromUs,
    toUs: random() < 0.3 ? Number.POSITIVE_INFINITY : fromUs + upTo(random, 30) * 1e6,
    order: random() < 0.5 ? 'id' : 'created_at',
    descending: random() < 0.3,
    where: random() < 0.5 ? null : row => row.type === 'type-1',
  }
}

test('whatever is inserted, revealed and removed, selections are those of a table without indexes', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = seededRandom(seed)
    const store = new EventStore()
    const rows: StoredRow[] = []
    for (let nowMs = 0; nowMs < 60; nowMs++) {
      const count = random() < 0.1 ? 100 : upTo(random, 4)
      rows.push(
        ...store.insert(
          Array.from({ length: count }, () => someRow(random, nowMs)),
          nowMs,
        ),
      )
      if (random() < 0.2)
        store.remove(
          rows.filter(() => random() < 0.05),
          nowMs,
        )
      store.reveal(nowMs)
      const visible = rows.filter(row => Number.isNaN(row.goneAtMs) && row.visibleAtMs <= nowMs)
      const selection = someSelection(random)
      const expected = plainly(visible, selection)
      assert.equal(store.count(selection), expected.length, `seed ${seed} at ${nowMs}`)
      const [offset, limit] = [upTo(random, 20), upTo(random, 40)]
      const page = store.select(selection, offset, limit)
      assert.deepEqual(page, expected.slice(offset, offset + limit), `seed ${seed} at ${nowMs}`)
      const text = `[${store
        .joined(page)
        .map(piece => Buffer.from(piece).toString())
        .join('')}]`
      assert.deepEqual(
        (JSON.parse(text) as { guid: string }[]).map(({ guid }) => guid),
        page.map(({ guid }) => guid),
      )
    }
  }
})

test('a row that is withheld is counted and on no page, until it is withheld no longer', () => {
  const random = seededRandom(1)
  const store = new EventStore()
  const rows = store.insert(
    Array.from({ length: 5 }, () => someRow(random, 0)),
    60_000,
  )
  const everything: Selection = {
    fromUs: Number.NEGATIVE_INFINITY,
    toUs: Number.POSITIVE_INFINITY,
    order: 'id',
    descending: false,
    where: null,
  }
  const guids = () => store.select(everything, 0, 10).map(({ guid }) => guid)
  const all = guids()
  store.withhold([rows[2]?.guid ?? ''])
  assert.equal(store.count(everything), 5)
  assert.deepEqual(
    guids(),
    all.filter(guid => guid !== rows[2]?.guid),
  )
  store.withhold([])
  assert.deepEqual(guids(), all)
})
