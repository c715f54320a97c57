import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AuditEvent, EventNames } from './audit-event.ts'
import { auditEventFingerprint, decodeAuditEvent, encodeAuditEvent } from './avro.ts'
import { rabin } from './rabin.ts'
import { auditEventSchemas } from './schema-files.ts'
import { singleObjectCodec, UndecodableEventError } from './single-object.ts'

const text = fc.string({ unit: 'grapheme' })
const party = fc.record({ guid: text, type: text, name: text }, { noNullPrototype: true })
const actorOfV2 = fc.record({ guid: text, type: text, name: text, username: text }, { noNullPrototype: true })
const thing = fc.record({ kind: text, guid: text, name: text }, { noNullPrototype: true })
const names: fc.Arbitrary<EventNames> = fc.record(
  {
    actor: fc.option(text),
    actorKind: text,
    organization: fc.option(text),
    space: fc.option(text),
    appGuid: fc.option(text),
    app: fc.option(text),
    target: fc.option(text),
    related: fc.array(thing),
    unresolved: fc.array(fc.record({ kind: text, guid: text, reason: text }, { noNullPrototype: true })),
  },
  { noNullPrototype: true },
)
const anyEvent: fc.Arbitrary<AuditEvent> = fc.record(
  {
    foundation: text,
    guid: text,
    type: text,
    createdAt: text,
    actor: fc.option(fc.oneof(party, actorOfV2)),
    target: fc.option(party),
    spaceGuid: fc.option(text),
    organizationGuid: fc.option(text),
    data: text,
    scrubPolicy: fc.integer({ min: 0, max: 1000 }),
    scrubbedPaths: fc.array(text),
    crashId: fc.option(text),
    provenance: fc.constantFrom('live', 'backfill', 'replay'),
    receivedAtMs: fc.integer({ min: 0, max: 4_102_444_800_000 }),
    names: fc.option(names),
  },
  { noNullPrototype: true },
)
const example: AuditEvent = {
  foundation: 'f',
  guid: 'g',
  type: 't',
  createdAt: '2026-11-22T03:28:23Z',
  actor: null,
  target: { guid: 'a', type: 'app', name: 'b' },
  spaceGuid: null,
  organizationGuid: 'o',
  data: '{}',
  scrubPolicy: 1,
  scrubbedPaths: ['/a', '/b'],
  crashId: null,
  provenance: 'backfill',
  receivedAtMs: 1,
  names: null,
}
const named: AuditEvent = {
  ...example,
  names: {
    actor: 'bob',
    actorKind: 'user',
    organization: 'my org',
    space: 'dev',
    appGuid: 'a',
    app: 'b',
    target: null,
    related: [{ kind: 'route', guid: 'r', name: 'b.example.com/api' }],
    unresolved: [{ kind: 'service_instance', guid: 's', reason: 'absent' }],
  },
}

test('any event comes back as it was', () => {
  fc.assert(
    fc.property(anyEvent, event => assert.deepEqual(decodeAuditEvent(encodeAuditEvent(event)), event)),
  )
})

test('the fingerprints are those of the Avro specification', () => {
  const hex = (schema: string) => Buffer.from(rabin(schema)).readBigUInt64LE().toString(16)
  assert.equal(hex('"null"'), '63dd24e7cc258f8a')
  assert.equal(hex('"int"'), '7275d51a3f395c8f')
  assert.equal(hex('"string"'), '8f014872634503c7')
})

test('a published version of the schema is never edited: its fingerprint is pinned', () => {
  assert.equal(auditEventFingerprint, '90cb9f1c725fce7e')
  assert.equal(singleObjectCodec(auditEventSchemas().slice(0, 1)).fingerprint, 'e7985b4b4361b98e')
  assert.equal(Buffer.from(encodeAuditEvent(named)).toString('hex', 0, 10), 'c30190cb9f1c725fce7e')
})

test('an event without names is written byte for byte as version 1 wrote it, so programs of then read it', () => {
  const ofThen = singleObjectCodec(auditEventSchemas().slice(0, 1))
  const bytes = encodeAuditEvent(example)
  const { names: _, ...rest } = example
  assert.deepEqual(Buffer.from(bytes), Buffer.from(ofThen.encode(rest)))
  assert.deepEqual(JSON.parse(JSON.stringify(ofThen.decode(bytes))), rest)
  assert.deepEqual(decodeAuditEvent(ofThen.encode(rest)), example, 'and what they wrote is read')
})

test('what version 2 wrote is read with version 1 as the wish, without its names, by whoever has both schemas', () => {
  const [v1 = '', v2 = ''] = auditEventSchemas()
  const withBoth = singleObjectCodec([v2, v1])
  const { names: _, ...rest } = named
  assert.deepEqual(JSON.parse(JSON.stringify(withBoth.decode(encodeAuditEvent(named)))), rest)
})

test('a program that has only version 1 names the fingerprint it lacks, and takes no event for another', () => {
  const [v1 = ''] = auditEventSchemas()
  assert.throws(() => singleObjectCodec([v1]).decode(encodeAuditEvent(named)), {
    name: 'UndecodableEventError',
    message: new RegExp(auditEventFingerprint),
  })
})

test('only an event with a user name needs version 2', () => {
  const actor = { guid: 'g', type: 'user', name: '', username: 'admin' }
  const bytes = encodeAuditEvent({ ...example, actor })
  assert.equal(Buffer.from(bytes).toString('hex', 2, 10), auditEventFingerprint)
  assert.deepEqual(decodeAuditEvent(bytes).actor, actor)
})

test('a later version reads what version 1 wrote, and version 1 names the one it does not know', () => {
  const v1 = auditEventSchemas()[0] ?? ''
  const schema = JSON.parse(v1)
  schema.fields.splice(3, 0, { name: 'sourceAddress', type: ['null', 'string'], default: null })
  schema.fields = schema.fields.filter((field: { name: string }) => field.name !== 'crashId')
  const later = singleObjectCodec([v1, JSON.stringify(schema)])
  const { crashId: _, names: __, ...rest } = example
  const seen = later.decode(encodeAuditEvent(example))
  assert.deepEqual(JSON.parse(JSON.stringify(seen)), { ...rest, sourceAddress: null })
  const written = later.encode({ ...rest, sourceAddress: '192.0.2.1' })
  assert.deepEqual(JSON.parse(JSON.stringify(later.decode(written))), { ...rest, sourceAddress: '192.0.2.1' })
  assert.throws(() => decodeAuditEvent(written), {
    name: 'UndecodableEventError',
    message: new RegExp(later.fingerprint),
  })
})

test('what is no whole record is refused, and says why', () => {
  const bytes = encodeAuditEvent(example)
  const refused = (damaged: Uint8Array, message: RegExp) =>
    assert.throws(() => decodeAuditEvent(damaged), { name: 'UndecodableEventError', message })
  refused(new Uint8Array(0), /C3 01/)
  refused(Buffer.from('{"guid":"g"}'), /C3 01/)
  refused(Buffer.concat([bytes, Buffer.from([0])]), /1 bytes stand after/)
  for (let length = 10; length < bytes.length; length++)
    refused(bytes.subarray(0, length), /cut short or damaged/)
})

test('damaged bytes are decoded or refused at once, and never anything else', () => {
  const bytes = encodeAuditEvent({ ...example, data: 'x'.repeat(50) })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 10, max: bytes.length - 1 }), fc.nat(255)), {
        minLength: 1,
        maxLength: 8,
      }),
      changes => {
        const damaged = Uint8Array.from(bytes)
        for (const [at, byte] of changes) damaged[at] = byte
        try {
          decodeAuditEvent(damaged)
        } catch (error) {
          assert.ok(error instanceof UndecodableEventError)
        }
      },
    ),
    { numRuns: 5000 },
  )
})

test('an array that claims two thousand million items is refused at once', () => {
  const bytes = encodeAuditEvent({ ...example, scrubbedPaths: [] })
  const body = Buffer.from(bytes)
  // From the end: receivedAtMs, provenance, crashId, then the empty array.
  const at = body.length - 4
  const huge = Buffer.concat([
    body.subarray(0, at),
    Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x0f]),
    body.subarray(at),
  ])
  assert.throws(() => decodeAuditEvent(huge), /longer than what holds it/)
})

test('an event of several megabytes is encoded, and the next small one after it', () => {
  const large = { ...example, data: 'é'.repeat(3_000_000) }
  assert.deepEqual(decodeAuditEvent(encodeAuditEvent(large)), large)
  const first = encodeAuditEvent(example)
  encodeAuditEvent(large)
  assert.deepEqual(decodeAuditEvent(first), example)
})
