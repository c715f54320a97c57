import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { describeEvent } from './describe.ts'
import { isOwnGuid, type OwnEvent, ownGuid, rawOwnEvent } from './own-event.ts'
import { parseAuditEvent } from './parse-audit-event.ts'
import { createScrubber } from './scrub/scrubber.ts'

const event: OwnEvent = {
  type: 'cf-audit-drain.source.event-missing',
  subject: ['0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9'],
  createdAtSec: 1_795_315_419,
  target: { guid: '0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9', type: 'audit_event', name: '' },
  data: { lost: { type: 'audit.app.update' }, big: 1, password: 'hunter2' },
  spaceGuid: 's',
}

test('the guid of an event of our own is the same for the same subject, and a UUID of version 8 that begins cfad', () => {
  const guid = ownGuid('lab', event.type, 'a')
  assert.match(guid, /^cfad[0-9a-f]{4}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal(guid, ownGuid('lab', event.type, 'a'))
  const others = [
    ownGuid('lab', event.type, 'b'),
    ownGuid('lab', event.type, 'a', ''),
    ownGuid('lab', 'cf-audit-drain.source.truncated', 'a'),
    ownGuid('prod', event.type, 'a'),
    ownGuid('lab', event.type),
  ]
  assert.equal(new Set([guid, ...others]).size, 6)
  for (let i = 0; i < 500; i++) assert.ok(isOwnGuid(ownGuid('lab', event.type, String(i))))
})

test('no guid that Cloud Controller makes is taken for ours', () => {
  for (let i = 0; i < 5_000; i++) assert.equal(isOwnGuid(randomUUID()), false)
  assert.equal(isOwnGuid(`cfad${randomUUID().slice(4)}`), false)
  for (const text of ['', 'cfad', 'system', ownGuid('a', 'b').toUpperCase(), `${ownGuid('a', 'b')} `])
    assert.equal(isOwnGuid(text), false, text)
})

test('an event of our own is parsed and scrubbed like any other, and says who tells it', () => {
  const raw = rawOwnEvent('lab', event)
  const parsed = parseAuditEvent(raw, {
    foundation: 'lab',
    scrubber: createScrubber({ key: Buffer.alloc(32, 7) }),
    provenance: 'live',
    receivedAtMs: 1,
  })
  assert.equal(parsed.guid, ownGuid('lab', event.type, ...event.subject))
  assert.equal(parsed.createdAt, '2026-11-22T02:43:39Z')
  assert.deepEqual(parsed.actor, { guid: 'cf-audit-drain', type: 'drain', name: 'cf-audit-drain' })
  assert.deepEqual([parsed.spaceGuid, parsed.organizationGuid], ['s', null])
  assert.deepEqual(parsed.scrubbedPaths, ['/password'])
  assert.doesNotMatch(parsed.data, /hunter2/)
  assert.equal(raw.text.includes(raw.dataText), true, 'its data stands in its text as it is')
  assert.equal(
    describeEvent(parsed),
    'cf-audit-drain found that an audit event is gone from Cloud Controller (0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9)',
  )
})
