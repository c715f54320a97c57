import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageOf, recordedLines, unusualPage } from '../test/recorded.ts'
import { MalformedPageError, rawCreatedAtSec, rawGuid, splitEventPage, timestampSec } from './raw-event.ts'

test('each of the 2,155 recorded events comes out byte for byte, and so does its data', () => {
  const lines = recordedLines('events-v3.ndjson')
  assert.equal(lines.length, 2155)
  const page = splitEventPage(pageOf(lines))
  assert.equal(page.totalResults, 2155)
  assert.deepEqual(
    page.resources.map(raw => raw.text),
    lines,
  )
  for (const raw of page.resources) assert.ok(raw.text.includes(`"data":${raw.dataText},"space"`))
})

test('integers beyond 2^53 survive in the data of the unusual page', () => {
  const { totalResults, resources } = splitEventPage(unusualPage())
  assert.equal(totalResults, 27)
  assert.equal(resources.length, 27)
  const crash = resources.find(
    raw => raw.dataText.includes('4294967296') && raw.dataText.includes('crash_count'),
  )
  assert.match(crash?.dataText ?? '', /"crash_count":9007199254740993,"crash_timestamp":1795318103340123457/)
  assert.ok(unusualPage().includes(`"resources":[${resources.map(raw => raw.text).join(',')}]`))
})

test('white space, unknown members, duplicate and escaped keys change nothing', () => {
  const { resources } = splitEventPage(
    ' {"resources":[{"data":9}],"x":[{}],\n"pagination": {"total_results": 7, "n": null} , "r\\u0065sources" : [ {"d\\u0061ta" : {"a" : 1e400} , "guid":"g"} , null,"s" ] } ',
  )
  assert.deepEqual(
    resources.map(raw => [raw.dataText, raw.text, rawGuid(raw)]),
    [
      ['{"a" : 1e400}', '{"d\\u0061ta" : {"a" : 1e400} , "guid":"g"}', 'g'],
      ['null', 'null', null],
      ['null', '"s"', null],
    ],
  )
})

test('what is no page of events is refused, without quoting it', () => {
  const bodies = [
    '',
    '<html>',
    'null',
    '[]',
    '{"pagination":{"total_results":1},"resources":[{"password":"hunter2"',
    '{"resources":[]}',
    '{"pagination":null,"resources":[]}',
    '{"pagination":{"total_results":"1"},"resources":[]}',
    '{"pagination":{"total_results":-1},"resources":[]}',
    '{"pagination":{"total_results":1.5},"resources":[]}',
    '{"pagination":{"total_results":1},"resources":{}}',
    '{"pagination":{"total_results":1}}',
  ]
  for (const body of bodies)
    assert.throws(
      () => splitEventPage(body),
      (error: unknown) => error instanceof MalformedPageError && !String(error.stack).includes('hunter2'),
    )
})

test('only real times of the one format are times', () => {
  assert.equal(timestampSec('2026-11-22T03:28:23Z'), Date.UTC(2026, 10, 22, 3, 28, 23) / 1000)
  assert.equal(timestampSec('2024-02-29T23:59:59Z'), Date.UTC(2024, 1, 29, 23, 59, 59) / 1000)
  assert.equal(timestampSec('2026-12-31T00:00:00Z'), Date.UTC(2026, 11, 31) / 1000)
  for (const text of [
    '2026-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2100-02-29T00:00:00Z',
    '2026-00-10T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '1969-12-31T23:59:59Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T23:60:00Z',
    '2026-01-01T23:59:60Z',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:00.0Z',
    '2026-01-01T00:00:00+00:00',
    '2026-01-01 00:00:00Z',
    '2026-01-01T00:00:00Z\n',
    '9999-99-99T99:99:99Z',
  ])
    assert.equal(timestampSec(text), null, text)
  assert.equal(rawCreatedAtSec({ value: { created_at: 5 }, dataText: 'null', text: '' }), null)
})
