import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { type AuditEvent, catalogue, targetsProcess } from '@cf-audit-drain/event'
import fc from 'fast-check'
import { cefData, cefDataCut, cefRows } from './cef-mapping.ts'
import { type CodecOptions, syslogCodec } from './codec.ts'
import { headerTime, hostname, messageId, syslogSeverity } from './syslog-header.ts'
import { recordedEvents, unusualEvents } from './testing/recorded-events.ts'
import { sampleEvent } from './testing/sample-event.ts'

const encode = (event: AuditEvent, options: CodecOptions = {}) => syslogCodec(options).encode(event)
/** PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP SD SP MSG, as RFC 5424 §6 has them. */
const message =
  /^<(\d{1,3})>1 (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?\+00:00) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) (-|\[tags@47450(?: [a-z_]{1,32}="(?:[^"\\\]]|\\["\\\]])*")+\]) (.*)$/su

interface Parsed {
  readonly app: string
  readonly id: string
  readonly tags: Readonly<Record<string, string>>
  readonly msg: string
}

function parse(line: string): Parsed {
  assert.doesNotMatch(line, /[\u0000-\u001f]/, 'a raw control character')
  const [, , , , app = '', , id = '', sd = '', msg = ''] =
    message.exec(line) ?? assert.fail(`not RFC 5424: ${line}`)
  const tags = Object.fromEntries(
    [...sd.matchAll(/ ([a-z_]+)="((?:[^"\\\]]|\\.)*)"/gu)].map(([, key = '', value = '']) => [
      key,
      value.replace(/\\(.)/g, '$1'),
    ]),
  )
  return { app, id, tags, msg }
}

/** Pairs of a CEF message that is known to be strict (the property tests of the cef package); throws on a forged header. */
function cefPairs(msg: string): Record<string, string> {
  const extension = /^CEF:0\|Cloud Foundry\|Audit\|1\.0\|[^|\\]*\|[^|\\]*\|\d+\|(.*)$/su.exec(msg)?.[1]
  assert.ok(extension !== undefined, msg)
  const pairs: Record<string, string> = {}
  for (const [, key = '', value = ''] of extension.matchAll(
    /(?:^| )([A-Za-z0-9]+)=((?:[^\\=]|\\[\\=n])*?)(?= [A-Za-z0-9]+=|$)/gsu,
  )) {
    assert.ok(!(key in pairs), `${key} twice`)
    pairs[key] = value.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c))
  }
  return pairs
}

const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.string({
    unit: fc.constantFrom(
      '\\',
      '=',
      '|',
      '\n',
      '\r',
      ' ',
      '"',
      ']',
      '\0',
      'CEF:0|',
      '<110>1 ',
      ' rt=1',
      '🚀',
      '\u2028',
    ),
    maxLength: 200,
  }),
)
const party = fc.option(
  fc.record(
    { guid: hostileText, type: fc.oneof(fc.constant('app'), hostileText), name: hostileText },
    { noNullPrototype: true },
  ),
)
const hostileEvent: fc.Arbitrary<AuditEvent> = fc
  .record({
    foundation: hostileText,
    guid: hostileText.filter(text => text !== ''),
    type: fc.oneof(
      fc.constantFrom(...catalogue.keys()),
      hostileText.filter(text => text !== ''),
    ),
    createdAt: fc.oneof(fc.constant('2026-11-22T02:43:39Z'), hostileText),
    actor: party,
    target: party,
    spaceGuid: fc.option(hostileText),
    organizationGuid: fc.option(hostileText),
    data: fc.oneof(
      fc.json(),
      hostileText.map(text => JSON.stringify({ text }, null, 2)),
    ),
    scrubbedPaths: fc.array(hostileText, { maxLength: 5 }),
    crashId: fc.option(hostileText),
    names: fc.option(
      fc.record({
        actor: fc.option(hostileText),
        actorKind: hostileText,
        organization: fc.option(hostileText),
        space: fc.option(hostileText),
        appGuid: fc.option(hostileText),
        app: fc.option(hostileText),
        target: fc.option(hostileText),
        related: fc.array(fc.record({ kind: hostileText, guid: hostileText, name: hostileText })),
        unresolved: fc.array(fc.record({ kind: hostileText, guid: hostileText, reason: hostileText })),
      }),
    ),
  })
  .map(change => sampleEvent(change))

describe('any event, however hostile', () => {
  for (const format of ['cef', 'json'] as const) {
    test(`${format}: is one line of RFC 5424, and never longer than allowed, down to 480 bytes`, () => {
      fc.assert(
        fc.property(
          hostileEvent,
          fc.oneof(fc.constant(480), fc.integer({ min: 480, max: 4_000 })),
          (event, max) => {
            const line = encode(event, { format, maxMessageBytes: max })
            assert.ok(Buffer.byteLength(line) <= max, `${Buffer.byteLength(line)} > ${max}`)
            const { msg } = parse(line)
            if (format === 'json') JSON.parse(msg)
            else cefPairs(msg)
            assert.ok(!line.slice(0, -msg.length).includes('CEF:'), 'a CEF header in front of the MSG')
            assert.ok(!line.slice(0, -msg.length).includes('|'), 'a pipe in front of the MSG')
          },
        ),
        { numRuns: 1_500 },
      )
    })
  }

  test('json: what fits is the event itself', () => {
    fc.assert(
      fc.property(hostileEvent, event => {
        const { msg } = parse(encode(event, { format: 'json', maxMessageBytes: 1 << 20 }))
        assert.deepEqual(
          JSON.parse(msg),
          JSON.parse(JSON.stringify({ ...event, data: JSON.parse(event.data) })),
        )
      }),
    )
  })
})

describe('recorded events', () => {
  test('each is whole in 8,000 bytes but for the giants, and carries its identity', () => {
    for (const format of ['cef', 'json'] as const) {
      for (const event of [...recordedEvents(), ...unusualEvents()]) {
        const line = encode(event, { format })
        const { app, tags, msg } = parse(line)
        assert.ok(Buffer.byteLength(line) <= 8_000)
        assert.equal(tags['event_guid'], event.guid)
        const isOfApp = event.target?.type === 'app' && !targetsProcess(event.type)
        assert.equal(app, isOfApp ? event.target?.guid : 'cloud_controller')
        if (format === 'cef') {
          const pairs = cefPairs(msg)
          assert.equal(pairs['externalId'], event.guid)
          assert.equal(pairs['rt'], String(Date.parse(event.createdAt)))
          const isCut = Buffer.byteLength(event.data) > 4_000
          assert.equal(pairs['cn1'], isCut ? String(Buffer.byteLength(event.data)) : undefined)
          assert.equal(pairs['cs5']?.endsWith('…[truncated]'), isCut)
          if (!isCut) assert.equal(pairs['cs5'], event.data.replace(/[\u007f-\u009f\u2028\u2029]/g, ' '))
        }
      }
    }
  })

  test('json: data is the bytes Cloud Controller sent, 64-bit integers included', () => {
    const event = sampleEvent({ data: '{"crash_timestamp": 1795318103340123457,\n "e":"\u2028"}' })
    assert.match(
      encode(event, { format: 'json' }),
      /"data":\{"crash_timestamp": 1795318103340123457, {2}"e":"\\u2028"\}\}$/,
    )
  })
})

describe('truncation', () => {
  const huge = sampleEvent({ data: JSON.stringify({ request: '=\\🚀'.repeat(200_000) }) })

  test('cef: the data shrinks first and the message says from how many bytes', () => {
    const pairs = cefPairs(parse(encode(huge, { maxMessageBytes: 2_000 })).msg)
    assert.equal(pairs['cn1Label'], 'data_truncated_from_bytes')
    assert.equal(pairs['cn1'], String(Buffer.byteLength(huge.data)))
    assert.match(pairs['cs5'] ?? '', /…\[truncated\]$/)
    assert.equal(pairs['duser'], 'billing-api')
  })

  test('cef: without room for any data the mark stays; then other values shrink; the identity never goes', () => {
    const named = { ...huge, target: { guid: 'g'.repeat(900), type: 'app', name: 'n'.repeat(900) } }
    const tight = cefPairs(parse(encode(named, { maxMessageBytes: 1_400 })).msg)
    assert.match(tight['duser'] ?? '', /^n+…\[truncated\]$/)
    const least = cefPairs(parse(encode(named, { maxMessageBytes: 480 })).msg)
    assert.deepEqual(Object.keys(least).slice(0, 2), ['rt', 'externalId'])
    assert.equal(least['externalId'], huge.guid)
    assert.equal(least['cn1'], String(Buffer.byteLength(huge.data)))
  })

  test('json: data becomes null, with its beginning as text beside it', () => {
    const parsed = JSON.parse(parse(encode(huge, { format: 'json' })).msg)
    assert.equal(parsed.data, null)
    assert.equal(parsed.dataTruncated, true)
    assert.equal(parsed.dataBytes, Buffer.byteLength(huge.data))
    assert.ok(huge.data.startsWith(parsed.dataText.slice(0, -'…[truncated]'.length)))
    assert.equal(parsed.truncated, undefined)
    const least = JSON.parse(parse(encode(huge, { format: 'json', maxMessageBytes: 480 })).msg)
    assert.equal(least.guid, huge.guid)
    assert.equal(least.dataTruncated, true)
  })
})

describe('the header', () => {
  test('has the shape of a loggregator drain', () => {
    const line = encode(sampleEvent())
    assert.ok(
      line.startsWith(
        '<110>1 2026-11-22T02:43:39+00:00 eu1 5f3b0c6e-57c9-4a3c-9b8a-8b8c1a1f7d10 [AUDIT/0] audit.app.update [tags@47450 app_id="5f3b0c6e-57c9-4a3c-9b8a-8b8c1a1f7d10" event_guid="4a8d3c52-6b1e-4d3c-8f6e-0c1d2e3f4a5b" foundation="eu1" organization_id="6a1c2b1a-0000-4000-8000-000000000002" origin="cloud_controller" provenance="live" source_type="AUDIT" space_id="8f8c2b1a-0000-4000-8000-000000000001"] CEF:0|Cloud Foundry|Audit|1.0|audit.app.update|Updated app|3|rt=1795315419000 act=update outcome=success cat=app cn3Label=privileged_act cn3=0 externalId=4a8d3c52-6b1e-4d3c-8f6e-0c1d2e3f4a5b deviceExternalId=eu1 ',
      ),
      line,
    )
    const keys = Object.keys(parse(line).tags)
    assert.deepEqual(keys, keys.toSorted())
  })

  test('no two types of the catalogue share a MSGID, and each has at most 32 characters', () => {
    const ids = [...catalogue.keys()].map(messageId)
    assert.equal(new Set(ids).size, ids.length)
    for (const id of ids) assert.match(id, /^[!-~]{1,32}$/)
    assert.equal(messageId('audit.app.create'), 'audit.app.create')
    assert.equal(messageId('audit.app.environment_variables.show'), 'app.environment_variables.show')
    assert.match(
      messageId('audit.app.revision.environment_variables.show'),
      /^app\.revision\.environmen~[0-9a-f]{8}$/,
    )
  })

  test('time, host, severity', () => {
    assert.equal(headerTime('2026-11-22T02:43:39Z'), '2026-11-22T02:43:39+00:00')
    assert.equal(headerTime('2026-11-22T02:43:39.5+01:00'), '2026-11-22T01:43:39.500+00:00')
    assert.equal(headerTime('yesterday'), '-')
    assert.equal(hostname(' Größe & Söhne '), '-Gre--Shne')
    assert.equal(hostname('§'), '-')
    assert.deepEqual([0, 3, 4, 6, 7, 8, 9, 10].map(syslogSeverity), [6, 6, 5, 5, 4, 4, 2, 2])
    assert.match(encode(sampleEvent(), { facility: 16 }), /^<134>/)
  })
})

test('the README has every key of the mapping with its reason, and no other', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const section = readme.slice(readme.indexOf('## CEF'), readme.indexOf('## JSON'))
  const table = section
    .split('\n')
    .filter(line => line.startsWith('| `'))
    .map(line => line.replace(/ +/g, ' '))
  const rows = [...cefRows, cefDataCut, cefData].map(
    row => `| \`${row.key}\` |${row.label ? ` \`${row.label}\`` : ''} | ${row.chosenBy} | ${row.reason} |`,
  )
  assert.deepEqual(table, rows)
})
