import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type StateKind, stateKinds } from '@cf-audit-drain/event'
import { guidsIn, related } from './object-of.ts'
import { WatchedFoundation } from './testing/watched-foundation.ts'

const uuid = (number: number) => `${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`
const times = { created_at: '2026-11-21T00:00:00Z', updated_at: '2026-11-21T00:00:00Z' }
const later = '2026-11-21T08:00:00Z'
const to = (guid: string | undefined) => ({ data: { guid } })
const none = { running_spaces: { data: [] }, staging_spaces: { data: [] } }

for (const kind of stateKinds)
  test(`${kind}: the first reading is a baseline, and a hundred more of the same tell nothing`, async t => {
    const one = await WatchedFoundation.make(t)
    assert.equal(await one.look(kind), 'baseline')
    const kept = one.kept.size
    assert.ok(kept > 1, 'something is known')
    for (let i = 0; i < (kind.endsWith('ssh') ? 10 : 100); i++) assert.equal(await one.look(kind), 'read')
    assert.deepEqual([one.types, one.kept.size], [[], kept])
  })

test('a security group that is made, opened, bound and deleted: what differs is told, and opening weighs more', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('security-group')
  const closed = { protocol: 'tcp', destination: '10.0.0.1', ports: '443', description: 'password=hunter2' }
  const group = {
    guid: uuid(1),
    ...times,
    name: 'mine',
    rules: [closed],
    globally_enabled: { running: false, staging: false },
    relationships: none,
  }
  one.change({ put: { security_groups: [group] } })
  await one.look('security-group')
  const open = { protocol: 'all', destination: '0.0.0.0/0' }
  one.change({ put: { security_groups: [{ ...group, updated_at: later, rules: [closed, open] }] } })
  await one.look('security-group')
  one.change({
    put: {
      security_groups: [
        {
          ...group,
          updated_at: later,
          rules: [closed, open],
          relationships: { ...none, running_spaces: { data: [{ guid: uuid(5) }] } },
        },
      ],
    },
  })
  await one.look('security-group')
  one.change({ remove: { security_groups: [uuid(1)] } })
  await one.look('security-group')
  assert.equal(one.told.size, 3, 'missing once is not deleted')
  await one.look('security-group')
  assert.deepEqual(one.types, [
    'security-group',
    'security-group.opened',
    'security-group.opened',
    'security-group',
  ])
  assert.deepEqual(
    [0, 1, 2, 3].map(at => one.data(at)['change']),
    ['created', 'updated', 'updated', 'deleted'],
  )
  assert.deepEqual(Object.keys(one.data(1)['after'] as object), ['rules'])
  assert.deepEqual(one.data(2)['before'], { running_spaces: [] })
  assert.deepEqual(one.data(2)['after'], { running_spaces: [uuid(5)] })
  assert.equal(one.data(3)['explanation'], 'not-audited')
  assert.ok(!JSON.stringify([...one.told.values(), ...one.kept]).includes('hunter2'))
  const [event] = one.told.values()
  assert.deepEqual(event?.target, { guid: uuid(1), type: 'security_group', name: 'mine' })
})

test('a flag that goes on, off and on again is three events, each with when it was seen', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('feature-flag')
  for (const enabled of [true, false, true]) {
    one.change({ put: { feature_flags: [{ name: 'diego_docker', enabled }] } })
    await one.look('feature-flag')
  }
  assert.deepEqual(one.types, ['feature-flag.risky-enabled', 'feature-flag', 'feature-flag.risky-enabled'])
  assert.deepEqual(one.data(0)['before'], { enabled: false })
  const { from, to } = one.data(1)['seen_between'] as { from: string; to: string }
  assert.equal(Date.parse(to) - Date.parse(from), 900_000)
})

test('environment variables: names in clear, values as fingerprints only, wherever one looks', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('environment-variable-group')
  const path = '/v3/environment_variable_groups/running'
  const group = { updated_at: later, name: 'running' }
  const secrets = { HTTP_PROXY: 'http://u:p4ssw0rd@proxy', FLAG: 'true-secret-word', NUMBER: '48151623' }
  one.change({ documents: { [path]: { ...group, var: secrets } } })
  await one.look('environment-variable-group')
  one.change({ documents: { [path]: { ...group, var: { ...secrets, FLAG: 'another-secret' } } } })
  await one.look('environment-variable-group')
  one.change({ documents: { [path]: { ...group, var: {} } } })
  await one.look('environment-variable-group')
  assert.equal(one.told.size, 3)
  const changed = one.data(1) as { before: { env: object }; after: { env: object } }
  assert.deepEqual([Object.keys(changed.before.env), Object.keys(changed.after.env)], [['FLAG'], ['FLAG']])
  assert.match(JSON.stringify(changed.after), /SCRUBBED hmac-sha256:[0-9a-f]{16}/)
  const everything = JSON.stringify([...one.told.values(), ...one.kept, one.said])
  for (const secret of [...Object.values(secrets), 'another-secret', 'proxy.example.com'])
    assert.ok(!everything.includes(secret), secret)
})

const madeAndDeleted: readonly [StateKind, string, object, object, string][] = [
  [
    'domain',
    'domains',
    { name: 'evil.example.com', internal: false, relationships: { shared_organizations: { data: [] } } },
    { relationships: { shared_organizations: { data: [{ guid: uuid(7) }] } } },
    'shared_organizations',
  ],
  ['isolation-segment', 'isolation_segments', { name: 'mine' }, { name: 'yours' }, 'name'],
  [
    'quota',
    'organization_quotas',
    { name: 'big', apps: { total_memory_in_mb: 1, total_instances: 5 } },
    { apps: { total_memory_in_mb: 99_999, total_instances: 5 } },
    'apps',
  ],
  ['quota', 'space_quotas', { name: 'small', routes: { total_routes: 1 } }, { name: 'smaller' }, 'name'],
]

for (const [kind, collection, made, changed, field] of madeAndDeleted)
  test(`${kind} in ${collection}: made, changed in one field, deleted`, async t => {
    const one = await WatchedFoundation.make(t)
    await one.look(kind)
    const object = { guid: uuid(2), ...times, ...made }
    one.change({ put: { [collection]: [object] } })
    await one.look(kind)
    one.change({ put: { [collection]: [{ ...object, updated_at: later, ...changed }] } })
    await one.look(kind)
    one.change({ remove: { [collection]: [uuid(2)] } })
    await one.look(kind)
    await one.look(kind)
    const all = [0, 1, 2].map(at => one.data(at))
    assert.deepEqual(
      all.map(({ change }) => change),
      ['created', 'updated', 'deleted'],
    )
    assert.deepEqual(Object.keys(all[1]?.['after'] as object), [field])
    assert.equal(one.told.size, 3)
    if (collection === 'organization_quotas')
      assert.deepEqual(all[1]?.['after'], { apps: { total_memory_in_mb: 99_999 } })
  })

test('an organization that is entitled to an isolation segment is a difference of the segment', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('isolation-segment')
  const { guid } = one.named('isolation_segments', 'shared')
  const path = `/v3/isolation_segments/${guid}/relationships/organizations`
  one.change({ documents: { [path]: { data: [{ guid: uuid(9) }] } } })
  await one.look('isolation-segment')
  assert.deepEqual(
    [one.data(0)['before'], one.data(0)['after']],
    [{ organizations: [] }, { organizations: [uuid(9)] }],
  )
})

for (const [kind, collection] of [
  ['space-ssh', 'spaces'],
  ['app-ssh', 'apps'],
] as const)
  test(`${kind}: switching is told, and on weighs more; that one is made or deleted is not`, async t => {
    const one = await WatchedFoundation.make(t)
    await one.look(kind)
    const [thing, other] = one.all(collection)
    const path = `/v3/${collection}/${thing?.guid}/features/ssh`
    for (const enabled of [false, true]) {
      one.change({ documents: { [path]: { name: 'ssh', description: '', enabled } } })
      await one.look(kind)
    }
    one.change({ remove: { [collection]: [other?.guid ?? ''] } })
    one.change({ put: { [collection]: [{ guid: uuid(3), ...times, name: 'new' }] } })
    for (let i = 0; i < 3; i++) await one.look(kind)
    assert.deepEqual(one.types, [kind, `${kind}.enabled`])
    const [event] = one.told.values()
    assert.deepEqual(event?.target, { guid: thing?.guid, type: collection.slice(0, -1), name: thing?.name })
    const space = one.all('spaces').find(({ guid }) => guid === event?.spaceGuid)
    assert.ok(event?.organizationGuid)
    assert.equal(event.organizationGuid, related(space ?? {}, 'organization'))
    assert.equal(
      [...one.kept.keys()].some(key => key.includes(other?.guid ?? '?')),
      false,
    )
  })

test('a role in a space is told with the organization of the space, one that an earlier version has kept, too', async t => {
  const one = await WatchedFoundation.make(t)
  const [space] = one.all('spaces')
  const organization = related(space ?? {}, 'organization')
  const put = (number: number) => {
    const relationships = { user: to(uuid(700)), organization: { data: null }, space: to(space?.guid) }
    one.change({ put: { roles: [{ guid: uuid(number), ...times, type: 'space_developer', relationships }] } })
  }
  put(1)
  await one.look('role')
  for (const [key, value] of one.kept)
    if (key.endsWith(uuid(1)))
      one.kept.set(key, JSON.stringify({ ...JSON.parse(value), organizationGuid: null }))
  put(2)
  await one.look('role')
  one.change({ remove: { roles: [uuid(1)] } })
  for (let i = 0; i < 2; i++) await one.look('role')
  const told = [...one.told.values()].map(({ spaceGuid, organizationGuid }) => [spaceGuid, organizationGuid])
  assert.deepEqual(told, [
    [space?.guid, organization],
    [space?.guid, organization],
  ])
  assert.deepEqual(Object.keys(one.data(0)['after'] as object), ['created_at', 'space', 'type', 'user'])
})

test('guids of a relationship are compared in order, whatever order they are shown in', () => {
  assert.deepEqual(guidsIn([{ guid: 'b' }, { guid: 'a' }]), ['a', 'b'])
})
