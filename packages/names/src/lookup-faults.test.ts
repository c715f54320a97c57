import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FaultRule, SimulatedRow } from '@cf-audit-drain/foundation-simulator'
import { systemClock } from '@cf-audit-drain/pipeline'
import { NamedFoundation, nowSec, uuid } from './testing/named-foundation.ts'

/** An event in a space of its own, by a user without a name. */
const event = (number: number): SimulatedRow => ({
  target: { guid: uuid(70_000 + number), type: 'app', name: `app ${number}` },
  actor: { guid: uuid(80_000 + number), type: 'user', name: '' },
  spaceGuid: uuid(60_000 + number),
  organizationGuid: uuid(50_000 + (number % 3)),
  createdAtUs: (nowSec() - 5) * 1e6,
})

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at)

/** Everything the events 0 to 999 speak of. */
function fill(one: NamedFoundation): void {
  one.has(
    'organizations',
    ...range(0, 3).map(number => ({ guid: uuid(50_000 + number), name: `org ${number}` })),
  )
  one.has(
    'spaces',
    ...range(0, 1_000).map(number => ({ guid: uuid(60_000 + number), name: `space ${number}` })),
  )
  one.has(
    'users',
    ...range(0, 1_000).map(number => ({ guid: uuid(80_000 + number), username: `user ${number}` })),
  )
}

const always = (fault: FaultRule['fault'], path: string, more: Partial<FaultRule> = {}): FaultRule => ({
  fault,
  path,
  count: 1_000_000,
  ...more,
})

const reasonsOf = (names: Awaited<ReturnType<NamedFoundation['namesOf']>>) => [
  ...new Set(names.flatMap(({ unresolved }) => unresolved.map(({ kind, reason }) => `${kind} ${reason}`))),
]

test('400 guids are asked for in three requests of at most 150, which nginx takes', async t => {
  const one = await NamedFoundation.make(t)
  fill(one)
  const names = await one.namesOf(...range(0, 400).map(event))
  assert.deepEqual(reasonsOf(names), [])
  assert.deepEqual(
    names.map(({ space, actor }) => [space, actor]),
    range(0, 400).map(number => [`space ${number}`, `user ${number}`]),
  )
  assert.deepEqual([one.asked('organizations'), one.asked('spaces'), one.asked('users')], [1, 3, 3])
  assert.equal(one.foundation.requests.byStatus.get(414), undefined)
})

test('users that hang for a minute cost one wait, and only the names of users', async t => {
  const one = await NamedFoundation.make(t, { waitMs: 300 })
  fill(one)
  one.foundation.faults.add(always('hang-before-headers', '/v3/users', { durationMs: 60_000 }))
  const startedMs = systemClock.monotonic()
  const first = await one.namesOf(event(0))
  const firstMs = systemClock.monotonic() - startedMs
  assert.ok(firstMs >= 295 && firstMs < 2_000, `the first waited ${firstMs} ms of 300`)
  assert.deepEqual(reasonsOf(first), ['user late'])
  assert.deepEqual([first[0]?.organization, first[0]?.space], ['org 0', 'space 0'])
  for (const number of range(1, 40)) await one.namesOf(event(number))
  const allMs = systemClock.monotonic() - startedMs
  assert.ok(allMs < firstMs + 3_000, `39 pages behind it waited ${allMs - firstMs} ms together`)
  const [last] = await one.namesOf(event(41))
  assert.deepEqual([last?.space, last?.actor], ['space 41', null])
})

for (const [fault, reason, status] of [
  ['forbidden', 'forbidden', 403],
  ['rate-limited', 'rate-limited', 429],
  ['error-500', 'unavailable', 500],
  ['html-200', 'unavailable', 200],
  ['truncated-json', 'unavailable', 200],
  ['reset-in-body', 'unavailable', null],
] as const)
  test(`spaces that answer with ${fault} are named ${reason}, asked once, and left alone for a while`, async t => {
    const one = await NamedFoundation.make(t)
    fill(one)
    one.foundation.faults.add(always(fault, '/v3/spaces', { retryAfterSec: 60 }))
    const names = await one.namesOf(event(0))
    assert.ok(reasonsOf(names).includes(`space ${reason}`))
    // A 429 is meant for all that the client asks.
    if (status !== 429) assert.deepEqual([names[0]?.organization, names[0]?.actor], ['org 0', 'user 0'])
    for (const number of range(1, 20)) await one.namesOf(event(number))
    assert.equal(one.asked('spaces'), 1)
    assert.equal(one.failures.filter(failure => failure.startsWith('space: ')).length, 1)
    if (status !== null) assert.ok(one.foundation.requests.byStatus.has(status))
  })

test('once half of the rate limit is used up nothing is looked up, and it is said', async t => {
  let heldMs = 0
  const one = await NamedFoundation.make(t, {}, { heldBackMs: () => heldMs })
  fill(one)
  heldMs = 60_000
  assert.deepEqual(reasonsOf(await one.namesOf(event(0))), [
    'user rate-limited',
    'organization rate-limited',
    'space rate-limited',
  ])
  assert.equal(one.asked('spaces') + one.asked('users') + one.asked('organizations'), 0)
})

test('after a restart into an outage, what was known before is still told', async t => {
  const one = await NamedFoundation.make(t, { waitMs: 200 })
  fill(one)
  await one.namesOf(event(0))
  for (const path of ['/v3/organizations', '/v3/spaces', '/v3/users'])
    one.foundation.faults.add(always('hang-before-headers', path, { durationMs: 60_000 }))
  await one.restart()
  const [names] = await one.namesOf(event(0))
  assert.deepEqual([names?.organization, names?.space, names?.actor], ['org 0', 'space 0', 'user 0'])
  assert.deepEqual(names?.unresolved, [])
})

test('what no guid can be is not asked for, and asks for nothing else', async t => {
  const one = await NamedFoundation.make(t)
  fill(one)
  for (const guid of ['a,b', '%41', 'é', 'x'.repeat(300), '../x', ' ', 'a&b=c'])
    assert.deepEqual(reasonsOf(await one.namesOf({ ...event(0), spaceGuid: guid })), ['space unknown-form'])
  assert.equal(one.asked('spaces'), 0)
})

test('without lookups names are learned from events alone, and what they do not tell was not asked', async t => {
  const one = await NamedFoundation.make(t, {}, { lookups: null })
  const target = { guid: uuid(60_000), type: 'space', name: 'dev' }
  const names = await one.namesOf({ ...event(0), type: 'audit.space.create', target }, event(0))
  assert.equal(names[1]?.space, 'dev')
  assert.deepEqual(reasonsOf(names), ['user not-asked', 'organization not-asked'])
  assert.equal(one.foundation.requests.total, 0)
})

test('a wait that is over when the foundation closes does not outlive it', async t => {
  const one = await NamedFoundation.make(t, { waitMs: 60_000 })
  fill(one)
  one.foundation.faults.add(always('hang-before-headers', '/v3/spaces', { durationMs: 60_000 }))
  const waiting = one.namesOf(event(0))
  await one.until(() => one.asked('organizations') > 0)
  one.end()
  const [names] = await waiting
  assert.equal(names?.space, null)
})
