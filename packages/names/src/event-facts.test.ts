import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordedEvents } from '@cf-audit-drain/foundation-simulator'
import { factsOf } from './event-facts.ts'
import { mentionsOf } from './event-mentions.ts'
import { NameStore } from './name-store.ts'

const at = '2026-11-22T02:44:18Z'
const sec = Date.parse(at) / 1000
const target = (type: string, name: string) => ({ guid: 't-1', type, name })

test('a renaming is told by the request; of catalogs by the data itself', () => {
  const renamed = (type: string, targetType: string, data: object) =>
    factsOf({ type, created_at: at, target: target(targetType, 'old'), data })
      .filter(({ begins }) => begins)
      .map(({ kind, name, atSec }) => [kind, name, atSec])
  const request = { request: { name: 'new' } }
  for (const [type, kind] of [
    ['app', 'app'],
    ['space', 'space'],
    ['organization', 'organization'],
    ['service_instance', 'service_instance'],
    ['service_broker', 'service_broker'],
  ] as const)
    assert.deepEqual(renamed(`audit.${type}.update`, type, request), [[kind, 'new', sec]])
  assert.deepEqual(
    renamed('audit.user_provided_service_instance.update', 'user_provided_service_instance', request),
    [['service_instance', 'new', sec]],
  )
  assert.deepEqual(renamed('audit.service.update', 'service', { label: 'new' }), [
    ['service_offering', 'new', sec],
  ])
  assert.deepEqual(renamed('audit.service_plan.update', 'service_plan', { name: 'new' }), [
    ['service_plan', 'new', sec],
  ])
  // Created, or with a task, a package, a binding of that name: nothing was renamed.
  for (const type of ['audit.app.create', 'audit.app.task.create', 'audit.service_instance.start_update'])
    assert.deepEqual(renamed(type, 'app', request), [])
})

test('v2 tells the user name beside the e-mail', () => {
  const actor = { guid: 'u-1', type: 'user', name: 'bob@example.com' }
  const event = {
    type: 'audit.app.start',
    created_at: at,
    actor,
    target: target('app', 'a'),
    actor_username: 'bob',
  }
  assert.deepEqual(
    factsOf(event).filter(({ kind }) => kind === 'user'),
    [{ kind: 'user', guid: 'u-1', name: 'bob', atSec: sec }],
  )
})

test('quota events name the organization and the space they are given to', () => {
  const data = { organization_guid: 'o-1', organization_name: 'my org' }
  const event = {
    type: 'audit.organization_quota.apply',
    created_at: at,
    target: target('organization_quota', 'q'),
    data,
  }
  assert.deepEqual(factsOf(event), [{ kind: 'organization', guid: 'o-1', name: 'my org', atSec: sec }])
})

test('whatever stands in an event, nothing fails', () => {
  const strange = [null, 7, [], '', {}, { guid: 7 }, { guid: null, type: [], name: {} }, { data: null }]
  for (const one of strange)
    for (const key of ['type', 'created_at', 'actor', 'target', 'space', 'organization', 'data']) {
      const event = {
        type: 'audit.app.update',
        created_at: at,
        target: target('app', 'a'),
        data: {},
        [key]: one,
      }
      factsOf(event)
      mentionsOf(event)
      for (const inner of strange) {
        factsOf({ ...event, data: { request: one, target_space_guids: inner, process_guid: inner } })
        mentionsOf({ ...event, data: { request: { relationships: { app: inner }, organizations: one } } })
      }
    }
  for (const one of strange) {
    factsOf(one)
    mentionsOf(one)
  }
})

test('of the recorded events every target that people name is known afterwards by its name of that second', () => {
  const events = recordedEvents().map(({ text }) => JSON.parse(text ?? ''))
  const store = new NameStore()
  for (const event of events) for (const fact of factsOf(event)) store.learn(fact)
  const twofold = new Map<string, Set<string>>()
  for (const { target, created_at } of events) {
    const second = `${target.guid} ${created_at}`
    twofold.set(second, (twofold.get(second) ?? new Set()).add(target.name))
  }
  let known = 0
  for (const { type, target, created_at } of events) {
    const kind = (
      {
        app: 'app',
        organization: 'organization',
        space: 'space',
        service_instance: 'service_instance',
      } as const
    )[String(target.type) as 'app']
    if (kind === undefined || target.name === '' || type.startsWith('audit.app.ssh-')) continue
    const answer = store.nameAt(kind, target.guid, Date.parse(created_at) / 1000)
    assert.ok(typeof answer === 'object', `${type} ${target.guid}`)
    // Renamed within the second: then it has the name that began.
    const isTwofold = twofold.get(`${target.guid} ${created_at}`)?.size !== 1
    if (!isTwofold) assert.equal(answer.name, target.name)
    known++
  }
  assert.ok(known > 1_000)
})

test('what the drain tells of a task under an old name of its app renames the app for nobody', () => {
  const store = new NameStore()
  const guid = 'a-20'
  const told = (type: string, time: string, name: string, data: unknown = {}) => {
    const target = { guid, type: 'app', name }
    const event = { type, created_at: `2026-11-22T${time}Z`, target, data, actor: null }
    for (const fact of factsOf(event)) store.learn(fact)
  }
  told('audit.app.task.create', '10:00:00', 'old')
  told('audit.app.update', '11:00:00', 'old', { request: { name: 'new' } })
  told('cf-audit-drain.task.completed', '12:00:00', 'old')
  const answer = store.nameAt('app', guid, Date.UTC(2026, 10, 22, 12, 30) / 1000)
  assert.equal(typeof answer === 'object' && answer.name, 'new')
})
