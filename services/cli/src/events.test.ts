import assert from 'node:assert/strict'
import { test } from 'node:test'
import { catalogue } from '@cf-audit-drain/event'
import { readableEvent, sinceSec } from './events.ts'

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

test('a day that does not exist is refused, and not taken for another one', () => {
  for (const text of [
    '2026-11-31',
    '2026-02-30',
    '2026-02-29T00:00:00Z',
    '2026-13-01',
    '2026-11-22T24:00:00Z',
  ])
    assert.throws(() => sinceSec(text, '--from'), /--from is ".*"; write a time/, text)
  assert.equal(sinceSec('2028-02-29', '--from'), Date.UTC(2028, 1, 29) / 1000)
})
