import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AuditEvent } from './audit-event.ts'
import { catalogue } from './catalogue.ts'
import { describeEvent } from './describe.ts'

const event = (change: Partial<AuditEvent>): AuditEvent => ({
  foundation: 'f',
  guid: 'g',
  type: 'audit.app.create',
  createdAt: '2026-11-22T03:28:23Z',
  actor: { guid: 'u1', type: 'user', name: 'bob@example.com' },
  target: { guid: 'a1', type: 'app', name: 'billing-api' },
  spaceGuid: null,
  organizationGuid: null,
  data: '{}',
  scrubPolicy: 1,
  scrubbedPaths: [],
  crashId: null,
  provenance: 'live',
  receivedAtMs: 1,
  names: null,
  ...change,
})

test('a sentence names who did what to what', () => {
  assert.equal(describeEvent(event({})), 'bob@example.com created app billing-api')
})

test('a name that was looked up stands where the event has none, or one that nobody calls it by', () => {
  const names = {
    actor: 'admin',
    actorKind: 'user',
    organization: null,
    space: null,
    appGuid: null,
    app: null,
    target: 'billing.example.com/api',
    related: [],
    unresolved: [],
  }
  const created = event({
    type: 'audit.route.create',
    actor: { guid: 'u1', type: 'user', name: '' },
    target: { guid: 'r1', type: 'route', name: 'billing' },
    names,
  })
  assert.equal(describeEvent(created), 'admin created route billing.example.com/api')
})

test('a guid stands in for a missing name, and a word for a missing party', () => {
  assert.equal(
    describeEvent(event({ actor: { guid: 'ci-deployer', type: 'user', name: '' } })),
    'ci-deployer created app billing-api',
  )
  assert.equal(describeEvent(event({ actor: null, target: null })), 'somebody created app something')
  assert.equal(
    describeEvent(event({ target: { guid: '', type: 'app', name: '\n' } })),
    'bob@example.com created app unnamed app',
  )
})

test('a type nobody knows is named', () => {
  assert.equal(
    describeEvent(event({ type: 'audit.moon\nland' })),
    'bob@example.com did something of a type not known here to billing-api (audit.moon land)',
  )
})

test('a name cannot bring its own placeholder', () => {
  assert.equal(
    describeEvent(event({ actor: { guid: '', type: '', name: '{target} $& $1' } })),
    '{target} $& $1 created app billing-api',
  )
})

test('nothing in a name can start a line, turn the writing or pass 512 characters', () => {
  const name = fc.string({ unit: 'binary', maxLength: 2000 })
  fc.assert(
    fc.property(fc.constantFrom('nobody.knows', ...catalogue.keys()), name, name, (type, actor, target) => {
      const sentence = describeEvent(
        event({
          type,
          actor: { guid: 'u', type: 'user', name: actor },
          target: { guid: 'a', type: 'app', name: target },
        }),
      )
      assert.ok(sentence.length <= 512)
      assert.doesNotMatch(sentence, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/)
    }),
  )
})

test('a name is never cut inside a character', () => {
  for (let offset = 0; offset < 4; offset++) {
    const sentence = describeEvent(
      event({ actor: { guid: '', type: '', name: 'x'.repeat(offset) + '🚀'.repeat(300) } }),
    )
    assert.ok(sentence.isWellFormed())
  }
})
