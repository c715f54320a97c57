import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordedLines } from '../test/recorded.ts'
import { stateKinds } from './catalogue/state-kind.ts'
import { catalogue, eventType } from './catalogue.ts'
import { isOwnType } from './own-event.ts'

/** The 10 of the 140 that the recordings do not hold, as their README lists them. */
const NOT_RECORDED = [
  'audit.app.deployment.continue',
  'audit.service.update',
  'audit.service_dashboard_client.create',
  'audit.service_dashboard_client.delete',
  'audit.service_instance.show',
  'audit.service_plan.update',
  'audit.service_plan_visibility.create',
  'audit.service_route_binding.start_create',
  'audit.service_route_binding.start_delete',
  'blob.remove_orphan',
]

/** Without our own. */
const ofCloudController = [...catalogue.keys()].filter(type => !isOwnType(type))

test('the catalogue of Cloud Controller is exactly the 130 recorded types and the 10 that were not recorded', () => {
  const recorded = new Set(recordedLines('events-v3.ndjson').map(line => String(JSON.parse(line).type)))
  assert.equal(recorded.size, 130)
  assert.deepEqual(ofCloudController.toSorted(), [...recorded, ...NOT_RECORDED].sort())
})

test('140 types are 138 audit events and 2 special ones', () => {
  const types = ofCloudController
  assert.equal(types.length, 140)
  assert.equal(types.filter(type => type.startsWith('audit.')).length, 138)
  assert.deepEqual(types.filter(type => !type.startsWith('audit.')).sort(), [
    'app.crash',
    'blob.remove_orphan',
  ])
})

// The v2-only types are among the 140: Cloud Controller has no type beyond them, and marks none. These 8 have no
// emitter in v3 (cloud_controller_ng 3.228.0).
test('8 of the 140 are written by v2 only', () => {
  assert.deepEqual(
    [...catalogue.values()]
      .filter(entry => entry.v2Only)
      .map(entry => entry.type)
      .sort(),
    [
      'audit.app.copy-bits',
      'audit.app.restage',
      'audit.app.upload-bits',
      'audit.route.update',
      'audit.service_instance.bind_route',
      'audit.service_instance.show',
      'audit.service_instance.unbind_route',
      'audit.service_plan_visibility.create',
    ],
  )
})

test('our own types are told from those of Cloud Controller by their beginning, and none is taken for unknown', () => {
  const own = [...catalogue.keys()].filter(isOwnType)
  assert.deepEqual(own.toSorted(), [
    'cf-audit-drain.source.event-missing',
    'cf-audit-drain.source.restored',
    'cf-audit-drain.source.truncated',
    'cf-audit-drain.state.app-ssh',
    'cf-audit-drain.state.app-ssh.enabled',
    'cf-audit-drain.state.domain',
    'cf-audit-drain.state.environment-variable-group',
    'cf-audit-drain.state.feature-flag',
    'cf-audit-drain.state.feature-flag.risky-enabled',
    'cf-audit-drain.state.isolation-segment',
    'cf-audit-drain.state.quota',
    'cf-audit-drain.state.quota.unexplained',
    'cf-audit-drain.state.role',
    'cf-audit-drain.state.role.unexplained',
    'cf-audit-drain.state.security-group',
    'cf-audit-drain.state.security-group.opened',
    'cf-audit-drain.state.space-ssh',
    'cf-audit-drain.state.space-ssh.enabled',
    'cf-audit-drain.task.completed',
    'cf-audit-drain.task.lost',
  ])
  for (const type of own) assert.equal(eventType(type).known, true)
})

test('a difference of every kind of state has a type', () => {
  const types = [...catalogue.keys()].filter(type => type.startsWith('cf-audit-drain.state.'))
  const kinds = types.map(type => type.split('.')[2])
  assert.deepEqual([...new Set(kinds)].toSorted(), stateKinds.toSorted())
  for (const kind of stateKinds) assert.ok(catalogue.has(`cf-audit-drain.state.${kind}`), kind)
})

test('every entry is complete and within its bounds', () => {
  for (const entry of catalogue.values()) {
    assert.match(entry.category, /^[a-z-]+$/, entry.type)
    assert.match(entry.action, /^[a-z-]{1,63}$/, entry.type)
    assert.ok(Number.isInteger(entry.severity) && entry.severity >= 0 && entry.severity <= 10, entry.type)
    assert.match(entry.description, /\{target\}/, entry.type)
    // app.crash has the app as its actor: naming it twice would say nothing.
    if (entry.type !== 'app.crash') assert.match(entry.description, /\{actor\}/, entry.type)
    assert.equal(entry.known, true)
  }
})

test('no sentence is used twice', () => {
  const sentences = [...catalogue.values()].map(entry => entry.description)
  assert.deepEqual(sentences.length, new Set(sentences).size)
})

test('what is written before it is known proves nothing', () => {
  for (const entry of catalogue.values())
    if (/_add$|\.start_/.test(entry.type)) assert.equal(entry.outcome, 'unknown', entry.type)
  assert.equal(eventType('audit.service_route_binding.delete').outcome, 'unknown')
  assert.equal(eventType('audit.app.ssh-unauthorized').outcome, 'failure')
  assert.equal(eventType('audit.app.delete-request').outcome, 'success')
})

test('reads of secrets weigh more than ordinary acts, and refused SSH more than granted', () => {
  const ordinary = eventType('audit.app.update').severity
  for (const entry of catalogue.values())
    if (/show$|download$/.test(entry.type))
      assert.ok(entry.severity > ordinary && entry.privileged, entry.type)
  assert.ok(eventType('audit.app.ssh-unauthorized').severity > eventType('audit.app.ssh-authorized').severity)
  assert.ok(eventType('audit.user.organization_manager_add').privileged)
})

test('the crash told twice is marked', () => {
  assert.equal(eventType('app.crash').duplicateOf, 'audit.app.process.crash')
})

test('a type nobody knows has an entry, too', () => {
  const entry = eventType('audit.moon.land')
  assert.deepEqual(
    [entry.type, entry.category, entry.outcome, entry.known, entry.privileged],
    ['audit.moon.land', 'unknown', 'unknown', false, false],
  )
})
