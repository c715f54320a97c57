import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StateLookups, StatePage } from '@cf-audit-drain/cloud-foundry'
import { createScrubber, type StateKind } from '@cf-audit-drain/event'
import type { FaultRule } from '@cf-audit-drain/foundation-simulator'
import { UnsteadyListingError } from './read-listing.ts'
import { never, WatchedFoundation } from './testing/watched-foundation.ts'

const uuid = (number: number) => `${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`
const times = { created_at: '2026-11-21T00:00:00Z', updated_at: '2026-11-21T00:00:00Z' }
const docker = (enabled: boolean) => ({ put: { feature_flags: [{ name: 'diego_docker', enabled }] } })

test('killed before it is durable it is told by the next process, killed right after it is not told again', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('feature-flag')
  one.change(docker(true))
  one.killNextTell = true
  await assert.rejects(one.look('feature-flag'), /killed/)
  assert.equal(one.told.size, 0)
  one.restart()
  await one.look('feature-flag')
  assert.deepEqual(one.types, ['feature-flag.risky-enabled'])
  one.restart()
  await one.look('feature-flag')
  assert.equal(one.told.size, 1)
})

test('two processes that tell of the same difference tell one event', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('feature-flag')
  const before = new Map(one.kept)
  one.change(docker(true))
  await one.look('feature-flag')
  // As when a publish was made and its answer was lost: the state is known again as it was.
  one.kept.clear()
  for (const [key, value] of before) one.kept.set(key, value)
  one.restart()
  await one.look('feature-flag')
  assert.equal(one.told.size, 1)
})

test('a first reading that is broken off is done again, and tells nothing', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('role')
  for (const key of [...one.kept.keys()].filter(key => key.startsWith('state read'))) one.kept.delete(key)
  one.change({ remove: { roles: [one.all('roles')[0]?.guid ?? ''] } })
  one.restart()
  assert.equal(await one.look('role'), 'baseline')
  assert.equal(await one.look('role'), 'read')
  assert.deepEqual(one.types, [])
})

test('what a later version kept, or damage left, is passed by', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('feature-flag')
  for (const value of ['', '{', 'null', '{"v":2}', '{"v":1}'])
    one.kept.set(`state of feature-flag ${value}`, value)
  await one.look('feature-flag')
  assert.deepEqual(one.types, [])
})

test('by another key every fingerprint is another: that is a first reading, not a change of every secret', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('environment-variable-group')
  one.scrubber = createScrubber({ key: Buffer.alloc(32, 8) })
  one.restart()
  assert.equal(await one.look('environment-variable-group'), 'baseline')
  assert.equal(await one.look('environment-variable-group'), 'read')
  assert.deepEqual(one.types, [])
})

test('while rights are narrowed nothing is told or kept; when they are back it is', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('role')
  const kept = new Map(one.kept)
  one.change({ remove: { roles: one.all('roles').map(({ guid }) => guid ?? '') } })
  one.mayClose = false
  for (let i = 0; i < 4; i++) assert.equal(await one.look('role'), 'dropped')
  assert.deepEqual([one.told.size, one.kept], [0, kept])
  one.mayClose = true
  await one.look('role')
  await one.look('role')
  assert.equal(one.told.size, 60)
})

test('what is missing in one reading and there in the next was never gone', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('domain')
  const domain = one.named('domains', 'apps.example.com')
  for (let i = 0; i < 3; i++) {
    one.change({ remove: { domains: [domain.guid ?? ''] } })
    await one.look('domain')
    one.restart()
    one.change({ put: { domains: [domain] } })
    await one.look('domain')
  }
  assert.deepEqual(one.types, [])
})

test('what a listing leaves out and asking by guid finds is there', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('domain')
  let isHidden = true
  const { lookups } = one
  const hiding = (page: StatePage): StatePage =>
    isHidden ? { ...page, resources: page.resources.slice(1), totalResults: page.totalResults - 1 } : page
  one.lookups = { ...lookups, page: async (...asked) => hiding(await lookups.page(...asked)) }
  one.restart()
  for (let i = 0; i < 4; i++) await one.look('domain')
  isHidden = false
  await one.look('domain')
  assert.deepEqual(one.types, [])
})

test('deleted: the time between is of when it was missed first, also after a restart', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('domain')
  const { guid = '' } = one.named('domains', 'apps.example.com')
  const beforeSec = one.session.nowSec()
  one.change({ remove: { domains: [guid] } })
  await one.look('domain')
  one.restart()
  await one.look('domain')
  const { from, to } = one.data(0)['seen_between'] as { from: string; to: string }
  assert.deepEqual([Date.parse(from) / 1000, Date.parse(to) / 1000], [beforeSec, beforeSec + 900])
})

/** `spaces` on 12 pages, during the reading of which something happens. */
async function paged(
  t: Parameters<typeof WatchedFoundation.make>[0],
  onPage: (one: WatchedFoundation, page: number) => void,
) {
  const one = await WatchedFoundation.make(t)
  one.change({
    put: {
      security_groups: Array.from({ length: 550 }, (_, i) => ({
        guid: uuid(1_000 + i),
        ...times,
        name: `group-${i}`,
        rules: [],
      })),
    },
  })
  const { lookups } = one
  const pages: number[] = []
  const page: StateLookups['page'] = async (collection, number, signal) => {
    const got = await lookups.page(collection, number, signal)
    pages.push(number)
    onPage(one, pages.length)
    return got
  }
  one.lookups = { ...lookups, page }
  return { one, pages }
}

test('a listing whose total changes while it is paged is read again', async t => {
  const { one, pages } = await paged(t, (one, count) => {
    if (count === 5) one.change({ remove: { security_groups: [uuid(1_001)] } })
  })
  assert.equal(await one.look('security-group'), 'baseline')
  assert.equal(pages.length, 6 + 2 * 12, 'the first try ends where the total is another')
  await one.look('security-group')
  assert.deepEqual(one.types, [])
})

test('a row that is skipped while another takes its place is neither deleted nor, later, made', async t => {
  for (const atPage of [5, 29]) {
    const { one, pages } = await paged(t, (one, count) => {
      if (count !== atPage) return
      one.change({ remove: { security_groups: [uuid(1_001)] } })
      one.change({ put: { security_groups: [{ guid: uuid(1), ...times, name: 'new', rules: [] }] } })
    })
    for (let i = 0; i < 4; i++) await one.look('security-group')
    assert.ok(pages.length >= 5 * 12, 'a first reading is two')
    const keys = [...one.told.keys()].map((_, at) => [one.data(at)['change'], one.data(at)['object']])
    assert.deepEqual(
      keys.toSorted(),
      atPage === 5
        ? [['deleted', uuid(1_001)]]
        : [
            ['created', uuid(1)],
            ['deleted', uuid(1_001)],
          ],
    )
  }
})

test('one that never holds still says nothing', async t => {
  const { one } = await paged(t, (one, count) => {
    one.change({ put: { security_groups: [{ guid: uuid(5_000 + count), ...times, name: 'x', rules: [] }] } })
  })
  await assert.rejects(one.look('security-group'), UnsteadyListingError)
})

test('an answer out of the past is left twice, and then believed: a database may have been restored', async t => {
  const one = await WatchedFoundation.make(t)
  const domain = one.named('domains', 'apps.example.com')
  const put = (change: object) => one.change({ put: { domains: [{ ...domain, ...change }] } })
  put({ updated_at: '2026-11-21T09:00:00Z', internal: true })
  await one.look('domain')
  put({ updated_at: '2026-11-21T08:00:00Z', internal: false })
  assert.deepEqual([await one.look('domain'), await one.look('domain')], ['stale', 'stale'])
  assert.equal(one.told.size, 0)
  assert.equal(await one.look('domain'), 'read')
  assert.equal(one.told.size, 1)
})

const always = (fault: FaultRule['fault'], path: string): FaultRule => ({ fault, path, count: 1_000_000 })

test('a kind that this identity may not see is said once, asked for every hour, and read when it may be', async t => {
  const one = await WatchedFoundation.make(t)
  one.foundation.faults.add(always('forbidden', '/v3/security_groups'))
  const states = one.differences(['security-group', 'feature-flag'])
  const read = (kind: StateKind) => states.read(one.watch(kind), 0, one.session, never)
  for (let i = 0; i < 5; i++) {
    assert.equal(await read('security-group'), 3_600_000)
    assert.equal(await read('feature-flag'), 900_000)
  }
  assert.equal(one.said.filter(line => line.startsWith('security-group refused:')).length, 1)
  assert.equal(one.said.filter(line => line === 'feature-flag read').length, 4)
  const [group, flag] = states.status()
  assert.deepEqual([group?.result, flag?.result, flag?.problem], ['refused', 'read', null])
  assert.match(group?.problem ?? '', /scope|permi|role/i)
  one.foundation.faults.clear()
  await read('security-group')
  assert.deepEqual([states.status()[0]?.result, states.status()[0]?.problem], ['baseline', null])
})

test('an identity that does not see every space reads nothing, and says why', async t => {
  const one = await WatchedFoundation.make(t)
  one.seesEverything = false
  const states = one.differences(['role'])
  const pauseMs = await states.read(one.watch('role'), 0, one.session, never)
  assert.equal(pauseMs, 60_000)
  assert.equal(one.kept.size, 0)
  assert.match(states.status()[0]?.problem ?? '', /does not see every space/)
})

for (const fault of ['error-500', 'truncated-json', 'html-200', 'reset-before-headers'] as const)
  test(`${fault}: said, tried again with growing pauses, and nothing is told wrong`, async t => {
    const one = await WatchedFoundation.make(t)
    await one.look('feature-flag')
    one.foundation.faults.add(always(fault, '/v3/feature_flags'))
    const states = one.differences(['feature-flag'])
    const watch = one.watch('feature-flag')
    const pauses = []
    for (let failures = 0; failures < 7; failures++)
      pauses.push(await states.read(watch, failures, one.session, never))
    assert.deepEqual(pauses, [30_000, 60_000, 120_000, 240_000, 480_000, 900_000, 900_000])
    one.foundation.faults.clear()
    assert.equal(one.told.size, 0)
  })

test('an answer that nobody thought of fails its kind and nothing else; what the log refuses ends the session', async t => {
  const one = await WatchedFoundation.make(t)
  const states = one.differences(['feature-flag'])
  const read = () => states.read(one.watch('feature-flag'), 0, one.session, never)
  const { lookups } = one
  one.lookups = { ...lookups, page: async () => JSON.parse('{"resources":null,"users":[],"totalPages":1}') }
  assert.equal(await read(), 30_000)
  assert.equal(states.status()[0]?.result, 'failed')
  one.lookups = lookups
  one.restart()
  assert.equal(await read(), 900_000)
  one.change(docker(true))
  one.killNextTell = true
  await assert.rejects(read(), /killed/)
})

test('of a kind that was not read for weeks what changed is told, and that nobody looked for events', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('role')
  one.clock.advance(20 * 86_400_000)
  one.change({ put: { roles: [{ guid: uuid(1), ...times, type: 'space_developer' }] } })
  await one.look('role')
  assert.deepEqual([one.types, one.data(0)['explanation']], [['role'], 'unknown'])
})
