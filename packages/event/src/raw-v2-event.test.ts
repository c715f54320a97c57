import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageOf, recordedLines, v2PageOf } from '../test/recorded.ts'
import { parseAuditEvent } from './parse-audit-event.ts'
import { MalformedPageError, type RawPage, rawCreatedAtSec, rawGuid, splitEventPage } from './raw-event.ts'
import { splitV2EventPage } from './raw-v2-event.ts'
import { createScrubber } from './scrub/scrubber.ts'

const context = {
  foundation: 'eu1',
  scrubber: createScrubber({ key: new Uint8Array(32) }),
  provenance: 'live',
  receivedAtMs: 1,
} as const

const eventsByGuid = ({ resources }: RawPage) =>
  new Map(resources.map(raw => [rawGuid(raw), parseAuditEvent(raw, context)]))

test('each of the 2,155 recorded v2 rows gives the very event its v3 row gives, and the user name besides', () => {
  const v3 = eventsByGuid(splitEventPage(pageOf(recordedLines('events-v3.ndjson'))))
  const v2 = eventsByGuid(splitV2EventPage(v2PageOf(recordedLines('events-v2.ndjson'))))
  assert.equal(v2.size, 2155)
  assert.deepEqual([...v2.keys()].sort(), [...v3.keys()].sort())
  let named = 0
  for (const [guid, event] of v2) {
    const { username, ...actor } = event.actor ?? {}
    if (username !== undefined) named++
    assert.deepEqual({ ...event, actor }, v3.get(guid))
  }
  const told = recordedLines('events-v2.ndjson').filter(line => /"actor_username":"[^"]/.test(line))
  assert.equal(named, told.length)
  assert.ok(named > 1900, `${named}`)
})

test('the rows come out byte for byte, and so does their data', () => {
  const lines = recordedLines('events-v2.ndjson')
  const { resources, totalResults } = splitV2EventPage(v2PageOf(lines))
  assert.equal(totalResults, lines.length)
  assert.deepEqual(
    resources.map(({ text }) => text),
    lines,
  )
  for (const { text, dataText } of resources) assert.ok(text.includes(`"metadata":${dataText},"space_guid"`))
})

const one = (row: string) => splitV2EventPage(v2PageOf([row])).resources[0]

test('integers beyond 2^53, a null column and escaped keys in entity.metadata are taken as they stand', () => {
  const row = (metadata: string) =>
    `{"metadata":{"guid":"g"},"entity":{"type":"t","m\\u0065tadata":${metadata},"timestamp":"2026-11-22T03:28:23Z"}}`
  const crash = one(row('{"crash_timestamp":1795318103340123457}'))
  assert.equal(crash?.dataText, '{"crash_timestamp":1795318103340123457}')
  assert.equal(one(row('null'))?.dataText, '{}')
  const event = parseAuditEvent(one(row('null')) ?? assert.fail(), context)
  assert.deepEqual([event.actor, event.target, event.spaceGuid, event.data], [null, null, null, '{}'])
})

test('the user name stands beside the actor, too, for whoever learns names from rows', () => {
  const [first] = splitV2EventPage(v2PageOf(recordedLines('events-v2.ndjson').slice(0, 1))).resources
  const { value } = first ?? assert.fail()
  assert.equal((value as { readonly actor_username: unknown }).actor_username, 'admin')
})

test('the time is that of entity.timestamp, which v3 shows too, and a row without guid or time has none', () => {
  const row = one(
    '{"metadata":{"guid":"g","created_at":"2026-11-22T03:28:24Z"},"entity":{"timestamp":"2026-11-22T03:28:23Z"}}',
  )
  assert.equal(rawCreatedAtSec(row ?? assert.fail()), 1795318103)
  for (const malformed of ['null', '{}', '{"entity":null}', '{"entity":{}}', '{"metadata":[],"entity":{}}']) {
    const raw = one(malformed) ?? assert.fail()
    assert.deepEqual([rawGuid(raw), rawCreatedAtSec(raw), raw.text], [null, null, malformed])
    assert.throws(() => parseAuditEvent(raw, context), { name: 'MalformedEventError' })
  }
})

test('a page of v3, or of nothing, is no page of v2', () => {
  for (const body of [pageOf([]), '{}', '[]', '{"total_results":1}', '{"total_results":-1,"resources":[]}'])
    assert.throws(() => splitV2EventPage(body), MalformedPageError)
})
