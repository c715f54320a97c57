import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WatchedFoundation } from './testing/watched-foundation.ts'

const uuid = (number: number) => `${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`
const times = { created_at: '2026-11-21T00:00:00Z', updated_at: '2026-11-21T00:00:00Z' }
const to = (guid: string | null) => ({ data: guid === null ? null : { guid } })
const mallory = { guid: uuid(700), type: 'user', name: 'mallory@example.com' }

const role = (number: number, type: string, organization: string | null, space: string | null) => ({
  guid: uuid(number),
  ...times,
  type,
  relationships: { user: to(mallory.guid), organization: to(organization), space: to(space) },
})

test('a role that appears or vanishes with its audit event is explained by it', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('role')
  one.change({ put: { roles: [role(1, 'organization_manager', uuid(8), null)] } })
  const added = one.audits({
    type: 'audit.user.organization_manager_add',
    target: mallory,
    organizationGuid: uuid(8),
  })
  await one.look('role')
  one.change({ remove: { roles: [uuid(1)] } })
  one.audits({ type: 'audit.user.organization_manager_remove', target: mallory, organizationGuid: uuid(8) })
  await one.look('role')
  await one.look('role')
  assert.deepEqual(one.types, ['role', 'role'])
  assert.equal(one.data(0)['explanation'], 'audited')
  const [by] = one.data(0)['explained_by'] as { guid: string; type: string }[]
  assert.deepEqual([by?.guid, by?.type], [added, 'audit.user.organization_manager_add'])
  assert.deepEqual([one.data(1)['change'], one.data(1)['explanation']], ['deleted', 'audited'])
})

test('a role that nothing tells of is the finding: of another user, type, place or time is no explanation', async t => {
  const one = await WatchedFoundation.make(t)
  one.audits({ type: 'audit.user.space_developer_add', target: mallory, spaceGuid: uuid(9) })
  one.clock.advance(7_200_000)
  await one.look('role')
  one.change({ put: { roles: [role(2, 'space_developer', null, uuid(9))] } })
  one.audits({ type: 'audit.user.space_developer_add', target: mallory, spaceGuid: uuid(10) })
  one.audits({ type: 'audit.user.space_auditor_add', target: mallory, spaceGuid: uuid(9) })
  one.audits({ type: 'audit.user.space_developer_remove', target: mallory, spaceGuid: uuid(9) })
  one.audits({
    type: 'audit.user.space_developer_add',
    target: { ...mallory, guid: uuid(1) },
    spaceGuid: uuid(9),
  })
  await one.look('role')
  assert.deepEqual(one.types, ['role.unexplained'])
  assert.deepEqual(one.data(0)['explained_by'], [])
  const [event] = one.told.values()
  assert.deepEqual(
    [event?.target?.guid, event?.target?.type, event?.spaceGuid],
    [mallory.guid, 'user', uuid(9)],
  )
})

test('an _add event without a role is no role', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('role')
  one.audits({ type: 'audit.user.organization_manager_add', target: mallory, organizationGuid: uuid(8) })
  await one.look('role')
  assert.deepEqual(one.types, [])
})

test('roles that go with their space are explained by its deletion', async t => {
  const one = await WatchedFoundation.make(t)
  one.change({ put: { roles: [role(3, 'space_manager', null, uuid(9))] } })
  await one.look('role')
  one.change({ remove: { roles: [uuid(3)] } })
  const target = { guid: uuid(9), type: 'space', name: 'prod' }
  one.audits({ type: 'audit.space.delete-request', target, spaceGuid: uuid(9) })
  await one.look('role')
  await one.look('role')
  assert.deepEqual([one.types, one.data(0)['explanation']], [['role'], 'audited'])
})

test('quotas: their own events explain them, and so does an organization that is made under one', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('quota')
  const quota = one.named('organization_quotas', 'default')
  const organizations = (guids: readonly string[]) => ({
    organizations: { data: guids.map(guid => ({ guid })) },
  })
  const put = (change: object) => one.change({ put: { organization_quotas: [{ ...quota, ...change }] } })
  put({ apps: { total_memory_in_mb: 7 } })
  one.audits({
    type: 'audit.organization_quota.update',
    target: { guid: quota.guid ?? '', type: 'organization_quota', name: 'default' },
  })
  await one.look('quota')
  put({ relationships: organizations([uuid(8)]) })
  one.audits({
    type: 'audit.organization.create',
    target: { guid: uuid(8), type: 'organization', name: 'new' },
    organizationGuid: uuid(8),
  })
  await one.look('quota')
  put({ apps: { total_memory_in_mb: 1_000_000 }, relationships: organizations([uuid(8)]) })
  await one.look('quota')
  assert.deepEqual(one.types, ['quota', 'quota', 'quota.unexplained'])
})

test('nothing is told of a role before the events of its time have been read; after an hour it is, and says so', async t => {
  const one = await WatchedFoundation.make(t)
  await one.look('role')
  one.change({ put: { roles: [role(4, 'organization_auditor', uuid(8), null)] } })
  one.isRead = false
  const begunMs = one.clock.monotonic()
  await one.look('role')
  assert.ok(one.clock.monotonic() - begunMs >= 3_600_000)
  assert.deepEqual([one.types, one.data(0)['explanation']], [['role'], 'unknown'])
})
