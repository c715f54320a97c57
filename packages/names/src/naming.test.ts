import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { RawEvent } from '@cf-audit-drain/event'
import type { SimulatedRow } from '@cf-audit-drain/foundation-simulator'
import { NamedFoundation, nowSec, uuid } from './testing/named-foundation.ts'

const longAgo = { created_at: '2025-01-01T00:00:00Z', updated_at: '2025-01-01T00:00:00Z' }
const org = { guid: uuid(1), name: 'my org', ...longAgo }
const space = { guid: uuid(2), name: 'dev', ...longAgo }
const app = { guid: uuid(3), type: 'app', name: 'billing-api' }
const bob = { guid: uuid(4), type: 'user', name: 'bob@example.com' }

/** An event of so many seconds ago. */
const ago = (sec: number, row: SimulatedRow): SimulatedRow => ({
  target: app,
  actor: bob,
  spaceGuid: space.guid,
  organizationGuid: org.guid,
  createdAtUs: (nowSec() - sec) * 1e6,
  ...row,
})

const complete = {
  actor: 'bob@example.com',
  actorKind: 'user',
  organization: 'my org',
  space: 'dev',
  appGuid: app.guid,
  app: 'billing-api',
  target: null,
  related: [],
  unresolved: [],
}

test('an event has the names of where it happened, and asks for them once', async t => {
  const one = await NamedFoundation.make(t)
  one.has('organizations', org)
  one.has('spaces', space)
  assert.deepEqual(await one.namesOf(ago(5, {}), ago(4, {})), [complete, complete])
  assert.deepEqual(await one.namesOf(ago(3, {})), [complete])
  assert.deepEqual([one.asked('organizations'), one.asked('spaces'), one.asked('users')], [1, 1, 0])
})

test('renamed: an event has the name of its own time, whenever it comes', async t => {
  const one = await NamedFoundation.make(t)
  one.has('organizations', { ...org, name: 'today', updated_at: undefined })
  one.has('spaces', space)
  const renamed = ago(500, {
    type: 'audit.organization.update',
    target: { guid: org.guid, type: 'organization', name: 'today' },
    data: { request: { name: 'today' } },
    spaceGuid: null,
  })
  const created = ago(900, {
    type: 'audit.organization.create',
    target: { guid: org.guid, type: 'organization', name: 'once' },
  })
  const names = await one.namesOf(created, ago(700, {}), renamed, ago(300, {}))
  assert.deepEqual(
    names.map(({ organization }) => organization),
    ['once', 'once', 'today', 'today'],
  )
  const [late] = await one.namesOf(ago(600, {}))
  assert.equal(late?.organization, 'once', 'an event that became visible late')
})

test('of a thing that was renamed, what it was called before is not known, and today is not put in its place', async t => {
  const one = await NamedFoundation.make(t)
  one.has('organizations', { ...org, name: 'today', updated_at: undefined })
  one.has('spaces', space)
  const target = { guid: org.guid, type: 'organization', name: 'today' }
  await one.namesOf(
    ago(500, { type: 'audit.organization.update', target, data: { request: { name: 'today' } } }),
  )
  const [before] = await one.namesOf(ago(600, {}))
  assert.equal(before?.organization, null)
  assert.deepEqual(before?.unresolved, [{ kind: 'organization', guid: org.guid, reason: 'renamed' }])
})

test('deleted before anybody asked: known from the event that deleted it; else said to be absent', async t => {
  const one = await NamedFoundation.make(t)
  one.has('organizations', org)
  const [before] = await one.namesOf(ago(60, {}))
  assert.equal(before?.space, null)
  assert.deepEqual(before?.unresolved, [{ kind: 'space', guid: space.guid, reason: 'absent' }])
  const target = { guid: space.guid, type: 'space', name: 'dev' }
  const names = await one.namesOf(
    ago(50, { type: 'audit.space.delete-request', target, data: { request: { recursive: true } } }),
    ago(40, {}),
  )
  assert.deepEqual(
    names.map(one => one.space),
    ['dev', 'dev'],
  )
})

test('renamed, then deleted, then an event about it, and another after a restart', async t => {
  const one = await NamedFoundation.make(t)
  one.has('organizations', org)
  one.has('spaces', space)
  await one.namesOf(ago(500, {}))
  const target = { guid: org.guid, type: 'organization', name: 'renamed' }
  await one.namesOf(
    ago(400, { type: 'audit.organization.update', target, data: { request: { name: 'renamed' } } }),
    ago(300, { type: 'audit.organization.delete-request', target }),
  )
  one.foundation.collections.remove('organizations', org.guid)
  one.foundation.collections.remove('spaces', space.guid)
  const after = { ...complete, organization: 'renamed' }
  assert.deepEqual(await one.namesOf(ago(200, {})), [after])
  await one.restart()
  assert.deepEqual(await one.namesOf(ago(100, {}), ago(450, {})), [after, complete])
  await one.restart()
  assert.deepEqual(await one.namesOf(ago(90, {}), ago(440, {})), [after, complete], 'and after one more')
})

test('an app that its event does not name is told under the name that was found, of its own time', async t => {
  const one = await NamedFoundation.make(t)
  one.has('organizations', org)
  one.has('spaces', space)
  one.has('apps', { guid: app.guid, name: 'billing-api', ...longAgo })
  const unnamed = { ...app, name: '' }
  const found = { ...complete, target: 'billing-api' }
  assert.deepEqual(await one.namesOf(ago(5, { target: unnamed })), [found])
  await one.namesOf(ago(4, { type: 'audit.app.update', data: { request: { name: 'billing-v2' } } }))
  const names = await one.namesOf(ago(6, { target: unnamed }), ago(3, { target: unnamed }))
  assert.deepEqual(
    names.map(({ app, target }) => [app, target]),
    [
      ['billing-api', 'billing-api'],
      ['billing-v2', 'billing-v2'],
    ],
  )
  const [gone] = await one.namesOf(ago(2, { target: { ...unnamed, guid: uuid(40) } }))
  assert.deepEqual([gone?.appGuid, gone?.app, gone?.target], [uuid(40), null, null])
  assert.deepEqual(gone?.unresolved, [{ kind: 'app', guid: uuid(40), reason: 'absent' }])
})

/** A foundation in which the process uuid(30) is of the app, and an SSH event about a process. */
async function withProcess(t: TestContext) {
  const one = await NamedFoundation.make(t)
  one.has('organizations', org)
  one.has('spaces', space)
  one.has('processes', { guid: uuid(30), relationships: { app: { data: { guid: app.guid } } } })
  const ssh = (guid: string, name = 'billing-api') =>
    ago(5, { type: 'audit.app.ssh-authorized', target: { guid, type: 'app', name } })
  return { one, ssh }
}

test('SSH to a process of an app: the event is told under the app', async t => {
  const { one, ssh } = await withProcess(t)
  assert.deepEqual(await one.namesOf(ssh(uuid(30))), [complete])
  const [gone] = await one.namesOf(ssh(uuid(31)))
  assert.deepEqual([gone?.app, gone?.appGuid], ['billing-api', null])
  assert.deepEqual(gone?.unresolved, [{ kind: 'process', guid: uuid(31), reason: 'absent' }])
  await one.namesOf(
    ago(9, { type: 'audit.app.process.create', data: { process_guid: uuid(32), process_type: 'worker' } }),
  )
  const asked = one.asked('processes')
  assert.deepEqual(await one.namesOf(ssh(uuid(32))), [complete], 'learned from the event of the process')
  const crashed = ago(9, {
    type: 'audit.app.process.crash',
    actor: { guid: uuid(33), type: 'process', name: 'web' },
  })
  await one.namesOf(crashed)
  assert.deepEqual(await one.namesOf(ssh(uuid(33))), [complete], 'learned from a crash')
  assert.equal(one.asked('processes'), asked)
})

test('SSH to a process whose event does not name the app: the app of the process is looked up', async t => {
  const { one, ssh } = await withProcess(t)
  one.has('apps', { guid: app.guid, name: 'billing-api', ...longAgo })
  assert.deepEqual(await one.namesOf(ssh(uuid(30), '')), [{ ...complete, target: 'billing-api' }])
  const [gone] = await one.namesOf(ssh(uuid(31), ''))
  assert.deepEqual([gone?.app, gone?.appGuid], [null, null])
  assert.deepEqual(gone?.unresolved, [{ kind: 'process', guid: uuid(31), reason: 'absent' }])
})

test('SSH to a process that is gone is told under the app where that was known before, after a restart too', async t => {
  const { one, ssh } = await withProcess(t)
  await one.namesOf(ssh(uuid(30)))
  one.foundation.collections.remove('processes', uuid(30))
  await one.restart()
  assert.deepEqual(await one.namesOf(ssh(uuid(30))), [complete])
  const [unknown] = await one.namesOf(ssh(app.guid))
  assert.equal(unknown?.appGuid, null)
  await one.namesOf(ago(9, { type: 'audit.app.create' }))
  assert.deepEqual(
    await one.namesOf(ssh(app.guid)),
    [complete],
    'the first web process has the guid of its app',
  )
})

test('a user without an e-mail is looked up, a client is called a client, nobody is nobody', async t => {
  const one = await NamedFoundation.make(t)
  one.has('organizations', org)
  one.has('spaces', space)
  one.has('users', { guid: uuid(5), username: 'admin', presentation_name: 'admin', origin: 'uaa' })
  one.has('users', { guid: uuid(6), username: null, presentation_name: uuid(6), origin: null })
  const by = (guid: string, name: string | null = '') => ago(5, { actor: { guid, type: 'user', name } })
  const names = await one.namesOf(
    by(uuid(5)),
    by(uuid(5), null),
    by('ci-deployer'),
    by(uuid(6)),
    by(uuid(7)),
    by('UNKNOWN'),
    by('unknown-user-guid', 'unknown-user-email'),
    ago(5, { actor: { guid: 'system', type: 'system', name: 'system' } }),
    ago(5, { actor: { guid: uuid(9), type: 'process', name: 'web' } }),
  )
  assert.deepEqual(
    names.map(({ actor, actorKind, unresolved }) => [actor, actorKind, unresolved.map(u => u.reason)]),
    [
      ['admin', 'user', []],
      ['admin', 'user', []],
      ['ci-deployer', 'client', []],
      [null, 'user', ['absent']],
      [null, 'user', ['absent']],
      [null, 'unknown', []],
      [null, 'unknown', []],
      [null, 'unknown', []],
      ['web', 'process', []],
    ],
  )
  assert.equal(one.asked('users'), 1)
})

test('a service instance is told with its plan, offering and broker; a route by its URL', async t => {
  const one = await NamedFoundation.make(t)
  one.has('organizations', org)
  one.has('spaces', space)
  const to = (guid: string) => ({ data: { guid } })
  one.has('service_instances', {
    guid: uuid(10),
    name: 'ledger-db',
    relationships: { service_plan: to(uuid(11)) },
  })
  one.has('service_plans', { guid: uuid(11), name: 'big', relationships: { service_offering: to(uuid(12)) } })
  one.has('service_offerings', {
    guid: uuid(12),
    name: 'postgres',
    relationships: { service_broker: to(uuid(13)) },
  })
  one.has('service_brokers', { guid: uuid(13), name: 'pg-broker' })
  one.has('routes', { guid: uuid(14), host: 'shop', url: 'shop.example.com/api' })
  const [instance, binding, mapped, route] = await one.namesOf(
    ago(5, {
      type: 'audit.service_instance.update',
      target: { guid: uuid(10), type: 'service_instance', name: 'ledger-db' },
      data: { request: { parameters: '[PRIVATE DATA HIDDEN]' } },
    }),
    ago(4, {
      type: 'audit.service_binding.create',
      target: { guid: uuid(20), type: 'service_binding', name: '' },
      data: { request: { relationships: { service_instance: to(uuid(10)), app: to(app.guid) } } },
    }),
    ago(3, { type: 'audit.app.map-route', data: { route_guid: uuid(14), app_port: 8080 } }),
    ago(2, {
      type: 'audit.route.create',
      target: { guid: uuid(14), type: 'route', name: 'shop' },
      data: { request: { relationships: { space: to(space.guid) } } },
    }),
  )
  assert.deepEqual(instance?.related, [
    { kind: 'service_plan', guid: uuid(11), name: 'big' },
    { kind: 'service_offering', guid: uuid(12), name: 'postgres' },
    { kind: 'service_broker', guid: uuid(13), name: 'pg-broker' },
  ])
  assert.deepEqual(binding?.related, [
    { kind: 'service_instance', guid: uuid(10), name: 'ledger-db' },
    { kind: 'app', guid: app.guid, name: 'billing-api' },
  ])
  assert.deepEqual(mapped?.related, [{ kind: 'route', guid: uuid(14), name: 'shop.example.com/api' }])
  assert.equal(route?.target, 'shop.example.com/api')
  for (const names of [instance, binding, mapped, route]) assert.deepEqual(names?.unresolved, [])
})

test('many instances on one page are each told with their own plan, of their own time', async t => {
  const one = await NamedFoundation.make(t)
  one.has('organizations', org)
  one.has('spaces', space)
  const to = (guid: string) => ({ data: { guid } })
  const instance = (number: number) => ({
    guid: uuid(100 + number),
    type: 'service_instance',
    name: `db ${number}`,
  })
  const type = 'audit.service_instance.update'
  for (let number = 0; number < 20; number++) {
    const relationships = { service_plan: to(uuid(200 + number)) }
    one.has('service_instances', {
      guid: uuid(100 + number),
      name: `db ${number}`,
      relationships,
      ...longAgo,
    })
    one.has('service_plans', { guid: uuid(200 + number), name: `plan ${number}`, ...longAgo })
  }
  const updates = Array.from({ length: 20 }, (_, number) => ago(5, { type, target: instance(number) }))
  const names = await one.namesOf(...updates)
  assert.deepEqual(
    names.map(({ related }) => related.map(({ name }) => name)),
    Array.from({ length: 20 }, (_, number) => [`plan ${number}`]),
  )
  const [moved, before] = await one.namesOf(
    ago(3, {
      type,
      target: instance(0),
      data: { request: { relationships: { service_plan: to(uuid(201)) } } },
    }),
    ago(4, { type, target: instance(0) }),
  )
  assert.deepEqual([moved?.related[0]?.name, before?.related[0]?.name], ['plan 1', 'plan 0'])
  await one.restart()
  const [later] = await one.namesOf(ago(2, { type, target: instance(0) }))
  assert.equal(later?.related[0]?.name, 'plan 1')
})

test('a role given to a user names the user, and the user is known from then on', async t => {
  const one = await NamedFoundation.make(t)
  one.has('organizations', org)
  one.has('spaces', space)
  const target = { guid: uuid(8), type: 'user', name: 'carol' }
  const names = await one.namesOf(
    ago(9, { type: 'audit.user.space_developer_add', target }),
    ago(5, { actor: { guid: uuid(8), type: 'user', name: '' } }),
  )
  assert.equal(names[1]?.actor, 'carol')
  assert.equal(one.asked('users'), 0)
})

test('read ahead, what is renamed and deleted later in a backfill has its name from the beginning', async t => {
  const one = await NamedFoundation.make(t)
  const old = { guid: org.guid, type: 'organization', name: 'once' }
  const rows = [
    ago(9_000, { type: 'audit.organization.create', target: old, spaceGuid: null }),
    ago(5_000, {
      type: 'audit.organization.update',
      target: { ...old, name: 'later' },
      data: { request: { name: 'later' } },
    }),
    ago(3_000, {
      type: 'audit.space.delete-request',
      target: { guid: space.guid, type: 'space', name: 'dev' },
    }),
    ago(2_000, { type: 'audit.organization.delete-request', target: { ...old, name: 'later' } }),
  ]
  one.foundation.insert(rows)
  const toSec = nowSec()
  const recorded: RawEvent[] = []
  const record = async (page: readonly RawEvent[]) => recorded.push(...page)
  await one.naming.readAhead([{ fromSec: toSec - 10_000, toSec }], AbortSignal.timeout(20_000), record)
  assert.ok(recorded.length > 0, 'what was shown is recorded')
  const names = await one.namesOf(ago(8_000, {}), ago(4_000, {}))
  assert.deepEqual(
    names.map(({ organization, space, unresolved }) => [organization, space, unresolved.length]),
    [
      ['once', 'dev', 0],
      ['later', 'dev', 0],
    ],
  )
})
