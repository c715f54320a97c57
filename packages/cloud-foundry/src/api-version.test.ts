import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createScrubber, parseAuditEvent, type RawEvent } from '@cf-audit-drain/event'
import {
  everyRecordedEvent,
  type SimulatorOptions,
  startFoundation,
} from '@cf-audit-drain/foundation-simulator'
import { systemClock } from '@cf-audit-drain/pipeline'
import type { CloudController } from './cloud-controller.ts'
import { AnswerTooLargeError, ApiUnavailableError, NotPermittedError, RateLimitedError } from './errors.ts'
import type { FoundationOptions } from './options.ts'
import { clientOf, never } from './testing/client-of.ts'
import { foundationPerTest } from './testing/foundation-per-test.ts'
import { json, rootOf, type Script } from './testing/scripted-foundation.ts'

const scripted = foundationPerTest({ retry: { tries: 1 } })

async function simulated(t: TestContext, simulator: SimulatorOptions, options: Partial<FoundationOptions>) {
  const foundation = await startFoundation(simulator)
  const { clientId, clientSecret } = foundation
  const client = clientOf(foundation.api, { clientId, clientSecret, ...options })
  t.after(async () => {
    await client.close()
    await foundation.close()
  })
  return { foundation, client }
}

const context = {
  foundation: 'x',
  scrubber: createScrubber({ key: new Uint8Array(32) }),
  provenance: 'live',
  receivedAtMs: 1,
} as const

/** Every row from the first second on, page after page, within windows that do not move. */
async function allRows(client: CloudController): Promise<RawEvent[]> {
  const rows: RawEvent[] = []
  const perPage = client.perPageMax
  for (let page = 1, total = 1; rows.length < total; page++) {
    const answer = await client.auditEvents({ fromSec: 0, page, perPage }, never)
    total = answer.totalResults
    rows.push(...answer.resources)
  }
  return rows
}

test('every recorded row gives the same event by v2 as by v3, over the wire', async t => {
  const { foundation, client: v3 } = await simulated(t, { v2: true }, { apiVersion: 'v3' })
  const { clientId, clientSecret } = foundation
  const v2 = clientOf(foundation.api, { clientId, clientSecret, apiVersion: 'v2' })
  t.after(() => v2.close())
  foundation.insert(everyRecordedEvent())
  const eventsOf = async (client: CloudController) =>
    new Map((await allRows(client)).map(raw => parseAuditEvent(raw, context)).map(one => [one.guid, one]))
  const [byV3, byV2] = [await eventsOf(v3), await eventsOf(v2)]
  assert.equal(byV3.size, 2193)
  assert.deepEqual([v3.apiVersion, v3.perPageMax, v2.apiVersion, v2.perPageMax], ['v3', 5000, 'v2', 100])
  assert.deepEqual([...byV2.keys()].sort(), [...byV3.keys()].sort())
  for (const [guid, event] of byV2) {
    const { username: _, ...actor } = event.actor ?? {}
    const same = byV3.get(guid) ?? assert.fail()
    // v3 escapes `&`, `<` and `>`.
    assert.deepEqual({ ...event, actor, data: '' }, { ...same, data: '' })
    assert.deepEqual(JSON.parse(event.data), JSON.parse(same.data))
  }
  assert.equal(await v2.oldestAuditEventSec(never), await v3.oldestAuditEventSec(never))
  assert.equal(await v2.countAuditEvents({ fromSec: 0 }, never), 2193)
})

test('auto takes v3 where there are both, and asks for nothing more where v2 is off', async t => {
  const both = await simulated(t, { v2: true }, { apiVersion: 'auto' })
  assert.equal(both.client.apiVersion, null)
  assert.equal(await both.client.countAuditEvents({ fromSec: 0 }, never), 0)
  assert.equal(both.client.apiVersion, 'v3')
  const one = await simulated(t, {}, { apiVersion: 'auto' })
  assert.equal((await one.client.discover(never)).auditEvents, 'v3')
  assert.equal(one.foundation.requests.byPath.get('/v3'), undefined)
})

test('auto takes v2 where v3 has no audit events', async t => {
  const { client, foundation } = await simulated(
    t,
    { v2: true, v3AuditEvents: false },
    { apiVersion: 'auto' },
  )
  foundation.insert([{}, {}])
  assert.equal(await client.countAuditEvents({ fromSec: 0 }, never), 2)
  assert.equal(client.apiVersion, 'v2')
  assert.equal((await client.rights(never)).sees, 'everything')
})

test('v2 that is switched off says what to do, at once, even where it had answered before', async t => {
  const { client, foundation } = await simulated(t, {}, { apiVersion: 'v2' })
  await client.discover(never)
  await assert.rejects(client.countAuditEvents({ fromSec: 0 }, never), error => {
    assert.ok(error instanceof ApiUnavailableError)
    assert.match(error.message, /"V2 endpoints disabled".*apiVersion: v3, or auto.*enable-v2-api\.yml/)
    return true
  })
  assert.equal(foundation.requests.byPath.get('/v2/events'), 1)
})

const v2Page = json(200, { total_results: 0, total_pages: 1, resources: [] })
const v2Off: Script = (_, response) =>
  response.writeHead(404, { 'content-type': 'text/html' }).end('V2 endpoints disabled')
const v2Error = (status: number, code: number, error_code: string, description: string, headers = {}) =>
  json(status, { description, error_code, code }, headers)
const v3Root = (names: readonly string[]) =>
  json(200, { links: Object.fromEntries(names.map(name => [name, { href: `x/${name}` }])) })

function v2On() {
  const { origin } = scripted.foundation
  const { links } = rootOf(origin)
  scripted.foundation.root = json(200, { links: { ...links, cloud_controller_v2: { href: `${origin}/v2` } } })
}

test('with auto a v2 that is switched off in mid-run is left for v3 without a restart', async () => {
  const { foundation } = scripted
  v2On()
  const client = scripted.client({ apiVersion: 'auto' })
  foundation.next.push(v3Root(['apps']), json(200, { api_version: '2.293.0' }), v2Page)
  await client.countAuditEvents({ fromSec: 0 }, never)
  assert.equal(client.apiVersion, 'v2')
  foundation.root = json(200, rootOf(foundation.origin))
  foundation.next.push(v2Off)
  await client.countAuditEvents({ fromSec: 0 }, never)
  assert.equal(client.apiVersion, 'v3')
})

test('what v2 allows is forgotten with v2, and known again with it', async () => {
  const { foundation } = scripted
  v2On()
  const client = scripted.client({ apiVersion: 'auto' })
  const info = json(200, { api_version: '2.293.0' })
  const detail = 'The query parameter is invalid: results_per_page must be <= 40'
  foundation.next.push(v3Root(['apps']), info, v2Error(400, 10005, 'CF-BadQueryParameter', detail))
  const page = { fromSec: 0, page: 1, perPage: 100 }
  await assert.rejects(client.auditEvents(page, never), AnswerTooLargeError)
  assert.equal(client.perPageMax, 40)
  foundation.next.push(v3Root(['audit_events']))
  await client.discover(never)
  assert.deepEqual([client.apiVersion, client.perPageMax], ['v3', 5000])
  foundation.next.push(v3Root(['apps']), info)
  await client.discover(never)
  assert.deepEqual([client.apiVersion, client.perPageMax], ['v2', 40])
})

test('an operator who allows fewer rows a page is heard', async () => {
  const client = scripted.client({ apiVersion: 'v2' })
  const detail = 'The query parameter is invalid: results_per_page must be <= 40'
  scripted.foundation.next.push(v2Error(400, 10005, 'CF-BadQueryParameter', detail))
  await assert.rejects(client.auditEvents({ fromSec: 0, page: 1, perPage: 100 }, never), error => {
    assert.ok(error instanceof AnswerTooLargeError)
    assert.equal(error.rowsMax, 40)
    return true
  })
  assert.equal(client.perPageMax, 40)
})

test('more rows than v2 gives are not asked for', async () => {
  const client = scripted.client({ apiVersion: 'v2' })
  await assert.rejects(client.auditEvents({ fromSec: 0, page: 1, perPage: 5000 }, never), AnswerTooLargeError)
  assert.equal(scripted.foundation.requestsOf('/v2/events'), 0)
})

test("v2's own limit and its refusals are understood", async () => {
  const client = scripted.client({ apiVersion: 'v2' })
  const headers = {
    'x-ratelimit-limit-v2-api': '2000',
    'x-ratelimit-remaining-v2-api': '0',
    'x-ratelimit-reset-v2-api': String(Math.floor(systemClock.now() / 1000) + 600),
  }
  const { foundation } = scripted
  const refusal = v2Error(403, 10007, 'CF-InsufficientScope', 'Your token lacks the necessary scopes')
  const supporter: Script = (_, response) =>
    response
      .writeHead(403, { 'content-type': 'text/html', 'x-vcap-request-id': 'a' })
      .end('You are not authorized')
  const limited = v2Error(429, 10018, 'CF-RateLimitV2APIExceeded', 'Rate Limit of V2 API Exceeded', headers)
  foundation.next.push(refusal, supporter, limited)
  await assert.rejects(client.countAuditEvents({ fromSec: 0 }, never), NotPermittedError)
  await assert.rejects(client.countAuditEvents({ fromSec: 0 }, never), error => {
    assert.ok(error instanceof NotPermittedError)
    assert.match(error.message, /v2 knows no space supporters/)
    return true
  })
  await assert.rejects(client.countAuditEvents({ fromSec: 0 }, never), error => {
    assert.ok(error instanceof RateLimitedError)
    assert.match(error.message, /limit of v2 alone/)
    return true
  })
  assert.deepEqual([client.rateLimit?.limit, client.rateLimit?.remaining], [2000, 0])
})

test('the roles that show events are those of the API in use: v2 knows no space supporters', async t => {
  const bob = { name: 'bob', password: 'pw', guid: 'b0b', scopes: ['cloud_controller.read'] }
  const memberships = { b0b: { spaces: ['s1'], supportedSpaces: ['s2'] } }
  const login = { kind: 'password', username: 'bob', password: 'pw' } as const
  const asBob = { clientId: 'cf', clientSecret: '', login, retry: { tries: 1 } }
  const { foundation, client: v3 } = await simulated(t, { v2: true, users: [bob], memberships }, asBob)
  const v2 = clientOf(foundation.api, { ...asBob, apiVersion: 'v2' })
  t.after(() => v2.close())
  foundation.insert([{ spaceGuid: 's1' }, { spaceGuid: 's2' }, {}])
  const [byV3, byV2] = [await v3.rights(never), await v2.rights(never)]
  assert.deepEqual(byV3.roles, ['space_auditor s1', 'space_supporter s2'])
  assert.deepEqual(byV2.roles, ['space_auditor s1'])
  assert.match(byV2.sentence, /1 space and 0 organizations.*v2 shows nothing to space supporters/)
  assert.doesNotMatch(byV3.sentence, /supporter/)
  const counts = [v3, v2].map(client => client.countAuditEvents({ fromSec: 0 }, never))
  assert.deepEqual(await Promise.all(counts), [2, 1])
  foundation.setMemberships('b0b', { supportedSpaces: ['s2'] })
  await assert.rejects(v2.countAuditEvents({ fromSec: 0 }, never), /v2 knows no space supporters/)
  assert.equal((await v2.rights(never)).sees, 'nothing')
})
