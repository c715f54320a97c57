import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { loadRecordedCollections, startFoundation } from '@cf-audit-drain/foundation-simulator'
import { seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { canBeLookedUp, lookupGuidsMax } from './asked-by-guid.ts'
import { NotPermittedError, RateLimitedError, ServerError } from './errors.ts'
import { lookupPath, nameLookups } from './name-lookups.ts'

const never = new AbortController().signal
const guid = (number: number) => `${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`

async function recorded(t: TestContext) {
  const foundation = await startFoundation()
  loadRecordedCollections(foundation.collections)
  const { api, clientId, clientSecret } = foundation
  const lookups = nameLookups(
    { name: 'prod', api, clientId, clientSecret },
    { clock: systemClock, random: seededRandom(1), env: {} },
  )
  t.after(async () => {
    await lookups.close()
    await foundation.close()
  })
  return { foundation, lookups }
}

test('users of the recordings are found by guid, a client among them without a user name', async t => {
  const { lookups } = await recorded(t)
  const known = [
    '7b1c7c0a-2f5b-4d0e-9a3a-0d9a4a2f0001',
    '7b1c7c0a-2f5b-4d0e-9a3a-0d9a4a2f0003',
    'cf-audit-drain',
  ]
  const { resources } = await lookups.lookup('users', [...known, guid(0)], never)
  assert.deepEqual(
    new Map(resources.map(one => [one['guid'], one['username']])),
    new Map([
      [known[0], 'admin'],
      [known[1], 'bob@example.com'],
      [known[2], null],
    ]),
  )
})

test('a plan of the recordings comes with its offering, an instance with its plan', async t => {
  const { foundation, lookups } = await recorded(t)
  const some = (collection: string) =>
    foundation.collections
      .all(collection)
      .map(({ guid }) => guid ?? '')
      .slice(-2)
  const plans = await lookups.lookup('service_plans', some('service_plans'), never)
  assert.ok((plans.included['service_offerings'] ?? []).length > 0)
  const instances = await lookups.lookup('service_instances', some('service_instances'), never)
  assert.deepEqual(Object.keys(instances.included).sort(), ['service_offerings', 'service_plans'])
})

test('150 guids fit the request line of nginx, and more are refused before they are sent', async t => {
  const { foundation, lookups } = await recorded(t)
  const guids = Array.from({ length: lookupGuidsMax }, (_, number) => guid(number))
  for (const collection of ['organizations', 'spaces', 'service_instances', 'service_offerings'] as const)
    assert.deepEqual((await lookups.lookup(collection, guids, never)).resources, [])
  assert.equal(foundation.requests.byStatus.get(414), undefined)
  await assert.rejects(lookups.lookup('spaces', [...guids, guid(999)], never), RangeError)
  assert.throws(() => lookupPath('spaces', []), RangeError)
})

test('what Cloud Controller would not read as one guid is refused', () => {
  for (const odd of ['a,b', '%41', 'a b', '', '-', 'é', 'a&page=2', 'x'.repeat(201), '"']) {
    assert.equal(canBeLookedUp(odd), false)
    assert.throws(() => lookupPath('users', [odd]), RangeError)
  }
  for (const good of [guid(1), 'cf-audit-drain', 'client_1.prod']) assert.ok(canBeLookedUp(good))
})

test('a refusal is told at once, by its kind, and is not tried again', async t => {
  const { foundation, lookups } = await recorded(t)
  for (const [fault, kind] of [
    ['forbidden', NotPermittedError],
    ['error-500', ServerError],
    ['rate-limited', RateLimitedError],
  ] as const) {
    foundation.faults.add({ fault, path: '/v3/spaces', count: 5, retryAfterSec: 60 })
    const before = foundation.requests.byPath.get('/v3/spaces') ?? 0
    await assert.rejects(lookups.lookup('spaces', [guid(1)], never), kind)
    assert.equal((foundation.requests.byPath.get('/v3/spaces') ?? 0) - before, 1)
    foundation.faults.clear()
  }
  await assert.rejects(
    lookups.lookup('users', [guid(1)], never),
    RateLimitedError,
    'nor is anything else sent',
  )
})

test('events of some types are read page by page', async t => {
  const { foundation, lookups } = await recorded(t)
  const nowSec = Math.floor(systemClock.now() / 1000)
  const createdAtUs = (nowSec - 60) * 1e6
  foundation.insert([
    { type: 'audit.space.update', createdAtUs },
    { type: 'audit.app.update', createdAtUs },
    { type: 'audit.space.create', createdAtUs },
  ])
  const types = ['audit.space.update', 'audit.space.create']
  const query = { types, fromSec: nowSec - 3_600, toSec: nowSec }
  assert.equal((await lookups.events({ ...query, page: 1 }, never)).length, 2)
  assert.equal((await lookups.events({ ...query, page: 2 }, never)).length, 0)
})
