import assert from 'node:assert/strict'
import { test } from 'node:test'
import { catalogue } from '@cf-audit-drain/event'
import { readableEvent } from './events.ts'

test('the columns behind the type stand in one line for every type of the catalogue', () => {
  const columns = [...catalogue.keys()].map(type =>
    readableEvent({
      foundation: 'lab',
      guid: 'g-1',
      type,
      createdAt: '2026-11-22T05:19:17Z',
      actor: { guid: 'u-1', type: 'user', name: 'alice@example.com' },
      target: { guid: 'a-1', type: 'app', name: 'billing' },
      spaceGuid: null,
      organizationGuid: null,
      data: '{}',
      receivedAtMs: 0,
      scrubPolicy: 1,
      scrubbedPaths: [],
      crashId: null,
      provenance: 'live',
      names: null,
    }).indexOf('  alice@example.com  '),
  )
  assert.ok([...catalogue.keys()].some(type => type.length > 32))
  assert.equal(new Set(columns).size, 1, `the actor begins in columns ${[...new Set(columns)]}`)
})
