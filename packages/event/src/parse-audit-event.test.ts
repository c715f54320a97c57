import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageOf, recordedLines, unusualPage } from '../test/recorded.ts'
import type { AuditEvent } from './audit-event.ts'
import { decodeAuditEvent, encodeAuditEvent } from './avro.ts'
import { MalformedEventError, type ParseContext, parseAuditEvent } from './parse-audit-event.ts'
import { splitEventPage } from './raw-event.ts'
import { createScrubber } from './scrub/scrubber.ts'

const context: ParseContext = {
  foundation: 'eu1',
  scrubber: createScrubber({ key: new Uint8Array(32) }),
  provenance: 'live',
  receivedAtMs: 1795318103340,
}

const parseAll = (page: string): AuditEvent[] =>
  splitEventPage(page).resources.map(raw => parseAuditEvent(raw, context))

const one = (event: unknown): AuditEvent => {
  const [raw] = splitEventPage(pageOf([JSON.stringify(event)])).resources
  assert.ok(raw)
  return parseAuditEvent(raw, context)
}

const least = { guid: 'g', type: 't', created_at: '2026-11-22T03:28:23Z' }

test('a recorded event has every field in its place', () => {
  const [first] = parseAll(pageOf(recordedLines('events-v3.ndjson').slice(0, 1)))
  assert.deepEqual(first, {
    foundation: 'eu1',
    guid: '11d5f1b5-1e75-4dfe-ac7c-479251109353',
    type: 'audit.organization_quota.create',
    createdAt: '2026-11-22T02:43:39Z',
    actor: { guid: '7b1c7c0a-2f5b-4d0e-9a3a-0d9a4a2f0001', type: 'user', name: '' },
    target: { guid: '5316a975-2417-44dd-bae9-197b415bf5a1', type: 'organization_quota', name: 'large-1' },
    spaceGuid: null,
    organizationGuid: null,
    data: '{"request":{"name":"large-1","apps":{"total_memory_in_mb":20480}}}',
    scrubPolicy: 3,
    scrubbedPaths: [],
    crashId: null,
    provenance: 'live',
    receivedAtMs: 1795318103340,
    names: null,
  })
})

test('every recorded and unusual event parses and survives Avro unchanged', () => {
  const events = [
    ...parseAll(pageOf(recordedLines('events-v3.ndjson'))),
    ...parseAll(pageOf(recordedLines('secrets-left-in-data.ndjson'))),
    ...parseAll(unusualPage()),
  ]
  assert.equal(events.length, 2155 + 11 + 27)
  for (const event of events) assert.deepEqual(decodeAuditEvent(encodeAuditEvent(event)), event)
})

test('what an event need not have may be missing, null or of another type', () => {
  const event = one({
    ...least,
    actor: null,
    target: { name: null },
    space: { guid: '' },
    organization: 7,
    more: [1],
  })
  assert.equal(event.actor, null)
  assert.deepEqual(event.target, { guid: '', type: '', name: '' })
  assert.deepEqual([event.spaceGuid, event.organizationGuid, event.data], [null, null, 'null'])
  for (const data of ['"text"', '12345678901234567890', '[1, 2]', 'true', 'null', '{ }']) {
    const [raw] = splitEventPage(
      pageOf([`{"guid":"g","type":"t","created_at":"${least.created_at}","data": ${data} }`]),
    ).resources
    assert.ok(raw)
    assert.equal(parseAuditEvent(raw, context).data, data)
  }
})

test('what identifies an event must be there, and the error names the field', () => {
  for (const [field, event] of [
    ['guid', { ...least, guid: '' }],
    ['guid', { ...least, guid: 7 }],
    ['type', { ...least, type: null }],
    ['type', { ...least, type: '' }],
    ['created_at', { ...least, created_at: '2026-02-30T00:00:00Z' }],
    ['created_at', { guid: 'g', type: 't' }],
    ['(event)', null],
    ['(event)', [1]],
  ] as const)
    assert.throws(
      () => one(event),
      (error: unknown) =>
        error instanceof MalformedEventError && error.field === field && error.message.includes(field),
    )
})

test('the two events of one crash have one crash id, other crashes another, other events none', () => {
  const events = parseAll(unusualPage())
  const crashes = events.filter(event => event.crashId !== null)
  assert.deepEqual(
    crashes.map(event => event.type),
    ['audit.app.process.crash', 'app.crash', 'audit.app.process.crash', 'app.crash'],
  )
  assert.equal(crashes[0]?.crashId, crashes[1]?.crashId)
  assert.equal(crashes[2]?.crashId, crashes[3]?.crashId)
  assert.notEqual(crashes[0]?.crashId, crashes[2]?.crashId)
  assert.match(crashes[0]?.crashId ?? '', /:i-9:4294967296$/)
})

test('an index beyond 2^53 keeps its digits in the crash id', () => {
  const id = (index: string) => {
    const [raw] = splitEventPage(
      pageOf([
        `{"guid":"g","type":"app.crash","created_at":"${least.created_at}","data":{"instance":"i","index":${index}}}`,
      ]),
    ).resources
    assert.ok(raw)
    return parseAuditEvent(raw, context).crashId
  }
  assert.notEqual(id('9007199254740993'), id('9007199254740992'))
})

test('a lone surrogate becomes U+FFFD in a name and stays as its escape in data; NUL survives in both', () => {
  const line = `{"guid":"g","type":"t","created_at":"${least.created_at}","actor":{"guid":"a","type":"user","name":"x\\ud800\\u0000"},"data":{"x":"\\ud800\\u0000"}}`
  const [raw] = splitEventPage(pageOf([line])).resources
  assert.ok(raw)
  const event = decodeAuditEvent(encodeAuditEvent(parseAuditEvent(raw, context)))
  assert.equal(event.actor?.name, 'x\ufffd\u0000')
  assert.equal(event.data, '{"x":"\\ud800\\u0000"}')
})
