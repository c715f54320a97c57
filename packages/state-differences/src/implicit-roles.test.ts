import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { SimulatedRow } from '@cf-audit-drain/foundation-simulator'
import { WatchedFoundation } from './testing/watched-foundation.ts'

const uuid = (number: number) => `${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`
const alice = { guid: uuid(700), type: 'user', name: 'alice@example.com' }
const bob = { guid: uuid(701), type: 'user', name: 'bob@example.com' }
const organization = { guid: uuid(8), type: 'organization', name: 'payments' }
const space = { guid: uuid(9), type: 'space', name: 'prod' }
const to = (guid: string | null) => ({ data: guid === null ? null : { guid } })

/** `organization_manager of alice`: in the organization or the space that its type says. */
function role(type: string, user: string, place?: string) {
  const isOfSpace = type.startsWith('space_')
  return {
    guid: uuid([...`${type}${user}`].reduce((sum, letter) => sum * 3 + letter.charCodeAt(0), 0) % 1e7),
    created_at: '2026-11-21T00:00:00Z',
    updated_at: '2026-11-21T00:00:00Z',
    type,
    relationships: {
      user: to(user),
      organization: to(isOfSpace ? null : (place ?? organization.guid)),
      space: to(isOfSpace ? (place ?? space.guid) : null),
    },
  }
}

const inOrganization = (guid: string) => ({ guid, relationships: { organization: to(organization.guid) } })

const madeBy = (actor: typeof alice, data: object = { request: { name: 'payments' } }): SimulatedRow => ({
  type: 'audit.organization.create',
  actor,
  target: organization,
  organizationGuid: organization.guid,
  data,
})

/** How each is explained that came and went, in this order of their guids, with these audit events. */
async function explanations(
  t: TestContext,
  {
    before,
    after,
    events,
  }: Record<'before' | 'after', readonly ReturnType<typeof role>[]> & {
    readonly events: readonly SimulatedRow[]
  },
): Promise<Readonly<Record<string, unknown>>> {
  const one = await WatchedFoundation.make(t)
  one.change({ put: { roles: before, spaces: [inOrganization(space.guid)] } })
  await one.look('role')
  one.change({ put: { roles: after }, remove: { roles: before.map(({ guid }) => guid) } })
  for (const event of events) one.audits(event)
  await one.look('role')
  await one.look('role')
  return Object.fromEntries(
    [...one.told.values()].map(({ type, target, data }) => {
      const { before: old, after: now, explanation } = JSON.parse(data)
      const who = target?.guid === alice.guid ? 'alice' : 'bob'
      assert.equal(type.endsWith('.unexplained'), explanation === 'unexplained')
      return [`${who} ${(now ?? old).type}`, explanation]
    }),
  )
}

test('whoever makes an organization is its user and manager by that; no other role, no other user, no other organization', async t => {
  const after = [
    role('organization_user', alice.guid),
    role('organization_manager', alice.guid),
    role('organization_auditor', alice.guid),
    role('organization_manager', bob.guid),
    role('organization_user', bob.guid, uuid(10)),
  ]
  assert.deepEqual(await explanations(t, { before: [], after, events: [madeBy(alice)] }), {
    'alice organization_user': 'audited',
    'alice organization_manager': 'audited',
    'alice organization_auditor': 'unexplained',
    'bob organization_manager': 'unexplained',
    'bob organization_user': 'unexplained',
  })
})

test('the organization of another day explains nothing', async t => {
  const one = await WatchedFoundation.make(t)
  one.audits(madeBy(alice))
  one.clock.advance(7_200_000)
  await one.look('role')
  one.change({ put: { roles: [role('organization_manager', alice.guid)] } })
  await one.look('role')
  assert.deepEqual(one.types, ['role.unexplained'])
})

test('an organization or a space that /v2 makes with its users explains their roles', async t => {
  const lists = { manager_guids: [bob.guid], auditor_guids: [alice.guid], billing_manager_guids: [bob.guid] }
  const ofSpace = { developer_guids: [bob.guid], manager_guids: [alice.guid] }
  const after = [
    role('organization_manager', bob.guid),
    role('organization_auditor', alice.guid),
    role('organization_billing_manager', bob.guid),
    role('organization_auditor', bob.guid),
    role('space_developer', bob.guid),
    role('space_manager', alice.guid),
    role('space_auditor', alice.guid),
  ]
  const events = [
    madeBy(bob, { request: lists }),
    {
      type: 'audit.space.create',
      actor: bob,
      target: space,
      spaceGuid: space.guid,
      data: { request: ofSpace },
    },
  ]
  assert.deepEqual(await explanations(t, { before: [], after, events }), {
    'bob organization_manager': 'audited',
    'alice organization_auditor': 'audited',
    'bob organization_billing_manager': 'audited',
    'bob organization_auditor': 'unexplained',
    'bob space_developer': 'audited',
    'alice space_manager': 'audited',
    'alice space_auditor': 'unexplained',
  })
})

test('a list that /v2 sets explains who came into it and who went out of it', async t => {
  const update = (request: unknown): SimulatedRow => ({
    type: 'audit.space.update',
    target: space,
    spaceGuid: space.guid,
    data: { request },
  })
  const before = [role('space_developer', alice.guid), role('space_auditor', alice.guid)]
  const after = [role('space_developer', bob.guid)]
  const told = { 'alice space_developer': 'audited', 'bob space_developer': 'audited' }
  const set = update({ developer_guids: [bob.guid] })
  const odd = [update(null), update({ developer_guids: bob.guid }), update('developer_guids')]
  assert.deepEqual(await explanations(t, { before, after, events: [...odd, set] }), {
    ...told,
    'alice space_auditor': 'unexplained',
  })
  assert.deepEqual(await explanations(t, { before: [], after, events: odd }), {
    'bob space_developer': 'unexplained',
  })
})

test('the events that /v2 writes of single roles explain as those of /v3 do', async t => {
  const added: SimulatedRow = {
    type: 'audit.user.organization_manager_add',
    actor: alice,
    target: bob,
    organizationGuid: organization.guid,
    data: { request: null },
  }
  const after = [role('organization_manager', bob.guid)]
  assert.deepEqual(await explanations(t, { before: [], after, events: [added] }), {
    'bob organization_manager': 'audited',
  })
})

/** By /v2 with `recursive=true`: one event for the roles in all spaces. */
const takenOut = (user: typeof alice, organizationGuid = organization.guid): SimulatedRow => ({
  type: 'audit.user.organization_user_remove',
  target: user,
  organizationGuid,
  data: { request: {} },
})

test('who is taken out of an organization loses the roles in its spaces by that, and nobody else does', async t => {
  const before = [
    role('organization_user', alice.guid),
    role('space_developer', alice.guid),
    role('space_auditor', alice.guid),
    role('organization_manager', alice.guid),
    role('space_developer', bob.guid),
    role('space_manager', alice.guid, uuid(10)),
  ]
  const events = [takenOut(alice), takenOut(bob, uuid(11))]
  assert.deepEqual(await explanations(t, { before, after: [], events }), {
    'alice organization_user': 'audited',
    'alice space_developer': 'audited',
    'alice space_auditor': 'audited',
    'alice organization_manager': 'unexplained',
    'bob space_developer': 'unexplained',
    'alice space_manager': 'unexplained',
  })
})

test('to be taken out of an organization explains no role that came', async t => {
  const after = [role('space_developer', alice.guid)]
  assert.deepEqual(await explanations(t, { before: [], after, events: [takenOut(alice)] }), {
    'alice space_developer': 'unexplained',
  })
})

test('roles in the spaces of an organization go with it, whether or not each space has an event of its own', async t => {
  const before = [role('space_developer', alice.guid), role('space_manager', bob.guid, uuid(10))]
  const deleted: SimulatedRow = {
    type: 'audit.organization.delete-request',
    target: organization,
    organizationGuid: organization.guid,
    data: { request: { recursive: true } },
  }
  // Of the space of the other role no organization is known.
  const ofNone = { ...deleted, target: { ...organization, guid: uuid(12) }, organizationGuid: null }
  assert.deepEqual(await explanations(t, { before, after: [], events: [deleted, ofNone] }), {
    'alice space_developer': 'audited',
    'bob space_manager': 'unexplained',
  })
})
