import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { type Foundation, startFoundation } from './foundation.ts'
import { tracedRows } from './late-rows.ts'
import { ManualClock } from './manual-clock.ts'
import { eventsWithSecrets, recordedEvents, unusualEvents, visibilityTrace } from './recordings.ts'

const atMs = Date.parse('2026-11-22T10:00:00Z')
const second = (offset: number): string => `${new Date(atMs + offset * 1000).toISOString().slice(0, 19)}Z`

let clock: ManualClock
let foundation: Foundation
beforeEach(async () => {
  clock = new ManualClock(atMs)
  foundation = await startFoundation({ clock })
})
afterEach(() => foundation.close())

async function answer(query: string, as = 'cloud_controller.global_auditor'): Promise<Response> {
  const token = foundation.token({ clientId: 'c', scopes: [as] })
  return fetch(`${foundation.api}/v3/audit_events${query}`, { headers: { authorization: `bearer ${token}` } })
}

interface Page {
  readonly pagination: { readonly total_results: number }
  readonly resources: readonly { readonly guid: string; readonly created_at: string }[]
}

async function guids(query: string): Promise<string[]> {
  const page = (await (await answer(query)).json()) as Page
  return page.resources.map(({ guid }) => guid)
}

describe('seconds', () => {
  beforeEach(() => {
    for (const [guid, seconds] of [
      ['a', -2],
      ['b', -1],
      ['c', -0.75],
      ['d', -0.000001],
      ['e', 0],
    ] as const) {
      foundation.insert([{ guid, createdAtUs: atMs * 1000 + seconds * 1e6 }])
    }
  })
  const window = (operator: string, at: number): string =>
    `?order_by=created_at&created_ats[${operator}]=${second(at)}`

  test('gte takes the whole second, lt none of it', async () => {
    assert.deepEqual(await guids(window('gte', -1)), ['b', 'c', 'd', 'e'])
    assert.deepEqual(await guids(window('lt', -1)), ['a'])
  })

  test('gt skips all of the second, lte takes all of it', async () => {
    assert.deepEqual(await guids(window('gt', -1)), ['e'])
    assert.deepEqual(await guids(window('lte', -1)), ['a', 'b', 'c', 'd'])
  })

  test('a list of times takes each whole second', async () => {
    assert.deepEqual(await guids(`?created_ats=${second(-2)},${second(0)}`), ['a', 'e'])
  })

  test('the fraction is cut when shown', async () => {
    const page = (await (await answer('?guids=d')).json()) as Page
    assert.equal(page.resources[0]?.created_at, second(-1))
  })

  test('a time that does not exist is 500, as its format is right', async () => {
    const got = await answer('?created_ats[gte]=9999-99-99T99:99:99Z')
    assert.equal(got.status, 500)
    assert.deepEqual(await got.json(), {
      errors: [{ title: 'UnknownError', detail: 'An unknown error occurred.', code: 10001 }],
    })
  })
})

test('rows of one stamp are ordered by guid in the direction asked for, by insertion without order_by', async () => {
  const createdAtUs = atMs * 1000
  foundation.insert(['c', 'a', 'b'].map(guid => ({ guid, createdAtUs })))
  assert.deepEqual(await guids('?order_by=created_at'), ['a', 'b', 'c'])
  assert.deepEqual(await guids('?order_by=-created_at'), ['c', 'b', 'a'])
  assert.deepEqual(await guids(''), ['c', 'a', 'b'])
  assert.deepEqual(await guids('?order_by=-created_at&per_page=2&page=2'), ['a'])
})

test('a row is invisible until its time, and then in the place of its stamp', async () => {
  foundation.insert([
    { guid: 'late', createdAtUs: atMs * 1000, visibleAtMs: atMs + 4 * 3_600_000 },
    { guid: 'next', createdAtUs: atMs * 1000 + 1 },
  ])
  assert.deepEqual(await guids('?order_by=created_at'), ['next'])
  assert.equal((await answer('/late')).status, 404)
  assert.deepEqual(
    foundation.shown().map(({ guid }) => guid),
    ['next'],
  )
  clock.pass(4 * 3_600_000)
  assert.deepEqual(await guids('?order_by=created_at'), ['late', 'next'])
  assert.equal((await answer('/late')).status, 200)
  const late = foundation.shown().find(({ guid }) => guid === 'late')
  assert.equal(late?.firstVisibleAtMs, atMs + 4 * 3_600_000)
})

test('the recorded trace becomes visible in the recorded order', async () => {
  foundation.insert(tracedRows(atMs))
  clock.pass(600_000)
  const seen = foundation.shown().map(({ guid }) => guid)
  const recorded = visibilityTrace()
    .toSorted((a, b) => a.visibleAtUs - b.visibleAtUs)
    .map(({ guid }) => guid)
  assert.equal(seen.length, 913)
  assert.deepEqual(seen, recorded)
})

test('the recorded events are served byte for byte', async () => {
  const rows = [...recordedEvents(), ...eventsWithSecrets(), ...unusualEvents()]
  assert.equal(rows.length, 2155 + 11 + 27)
  foundation.insert(rows)
  const text = await (await answer('?per_page=5000')).text()
  const expected = `"resources":[${rows.map(({ text }) => text).join(',')}]}`
  assert.ok(text.endsWith(expected))
  assert.ok(text.includes('1795318103340123457'))
})

test('who has no global scope sees the rows of its memberships only, and without any scope none', async () => {
  await foundation.close()
  foundation = await startFoundation({ memberships: { c: { spaces: ['s'], organizations: ['o'] } } })
  foundation.insert([
    { guid: 'in-space', spaceGuid: 's', organizationGuid: 'other' },
    { guid: 'in-organization', organizationGuid: 'o' },
    { guid: 'nowhere' },
  ])
  const page = (await (await answer('', 'cloud_controller.read')).json()) as Page
  assert.deepEqual(
    page.resources.map(({ guid }) => guid),
    ['in-space', 'in-organization'],
  )
  assert.equal((await answer('/nowhere', 'cloud_controller.read')).status, 404)
  assert.equal((await answer('', 'openid')).status, 403)
})

test('the clean-up removes what is older than the retention, as many as it is told', async () => {
  const dayUs = 86_400_000_000
  foundation.insert(
    [40, 33, 32, 30].map(days => ({ guid: `${days}`, createdAtUs: atMs * 1000 - days * dayUs })),
  )
  assert.equal(foundation.runCleanUp(2), 2)
  assert.deepEqual(await guids(''), ['32', '30'])
  assert.equal(foundation.runCleanUp(), 1)
  assert.deepEqual(await guids(''), ['30'])
})

test('a guid can be in the table only once', () => {
  foundation.insert([{ guid: 'a' }])
  assert.throws(() => foundation.insert([{ guid: 'a' }]), /guid a is already in the table/)
})

test('every complaint is made at once, in the order of Cloud Controller', async () => {
  const got = await answer('?guids[not]=a&types[x]=b&target_guids[in]=c&created_ats[gte]=1,2&page=x&zoo=1')
  assert.equal(got.status, 400)
  const { errors } = (await got.json()) as { errors: { detail: string }[] }
  assert.deepEqual(
    errors[0]?.detail.replace(/ Valid parameters are.*'organization_guids',/, '').split(', '),
    [
      'The query parameter is invalid: Page must be a positive integer',
      'Guids must be an array',
      'Created ats only accepts one value when using a relational operator',
      "Unknown query parameter(s): 'zoo'. Types must be an array",
      'Target guids target_guids has an invalid operator',
    ],
  )
})

test('the history file tells rows, pages and deletions as they happen', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'simulator-'))
  const historyFile = join(folder, 'history.ndjson')
  const other = await startFoundation({ historyFile, keepPages: false })
  try {
    other.insert([{ guid: 'a' }, { guid: 'b' }])
    const token = other.token({ clientId: 'c', scopes: ['cloud_controller.admin'] })
    const page = await fetch(`${other.api}/v3/audit_events`, {
      headers: { authorization: `bearer ${token}` },
    })
    await page.arrayBuffer()
    other.delete(['a'])
    const lines = readFileSync(historyFile, 'utf8').trim().split('\n')
    const history = lines.map(line => JSON.parse(line) as { kind: string; guid?: string; guids?: string[] })
    assert.deepEqual(
      history.map(({ kind, guid, guids }) => [kind, guid ?? guids]),
      [
        ['row', 'a'],
        ['row', 'b'],
        ['page', ['a', 'b']],
        ['deleted', ['a']],
      ],
    )
  } finally {
    await other.close()
    rmSync(folder, { recursive: true })
  }
})
