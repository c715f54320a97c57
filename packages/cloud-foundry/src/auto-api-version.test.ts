import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NotCloudControllerError, ServerError } from './errors.ts'
import { never } from './testing/client-of.ts'
import { foundationPerTest } from './testing/foundation-per-test.ts'
import { ccError, html, json, rootOf, type Script } from './testing/scripted-foundation.ts'

/**
 * Goal: `auto` takes v2 on Cloud Controller's own word only, never for what a router or a proxy says in its place: by v2 a
 * page has a fiftieth of the rows.
 * Method: foundations that answer `GET /v3` and `GET /v2/info` in every way.
 */
const scripted = foundationPerTest({ retry: { tries: 1 }, apiVersion: 'auto' })

function rootWith(names: readonly ('v2' | 'v3')[]) {
  const { origin } = scripted.foundation
  const { cloud_controller_v3, ...others } = rootOf(origin).links
  const links = {
    ...others,
    ...(names.includes('v3') && { cloud_controller_v3 }),
    ...(names.includes('v2') && { cloud_controller_v2: { href: `${origin}/v2` } }),
  }
  scripted.foundation.root = json(200, { links })
}

const noV3 = ccError(404, 10000, 'CF-NotFound', 'Unknown request')
const noEvents = json(200, { links: { apps: { href: 'x' } } })
const info = json(200, { name: 'cf', api_version: '2.293.0', support: 'x' })
const infoOff = json(200, { name: 'cf', api_version: '', support: 'CF API v2 is disabled' })
const routerSays: Script = (_, response) =>
  response
    .writeHead(404, { 'content-type': 'text/plain', 'x-cf-routererror': 'unknown_route' })
    .end('404 Not Found: Requested route does not exist.\n')

async function discovered(...answers: readonly Script[]) {
  scripted.foundation.next.push(...answers)
  const client = scripted.client()
  await client.discover(never)
  return client.apiVersion
}

for (const [says, answer] of [
  ['has no v3 in its own words', noV3],
  ['has no audit events in v3', noEvents],
] as const)
  test(`v2 is taken where Cloud Controller ${says} and /v2/info answers`, async () => {
    rootWith(['v3', 'v2'])
    assert.equal(await discovered(answer, info), 'v2')
    assert.deepEqual(
      scripted.foundation.requests.map(({ url }) => url),
      ['/', '/v3', '/v2/info'],
    )
  })

test('v2 is taken where `GET /` names no v3 at all', async () => {
  rootWith(['v2'])
  assert.equal(await discovered(info), 'v2')
})

test('neither named is no Cloud Controller', async () => {
  rootWith([])
  await assert.rejects(discovered(), NotCloudControllerError)
})

for (const [says, answer] of [
  ['the router', routerSays],
  ['a web page', html(404)],
  ['some JSON', json(404, { message: 'not found' })],
] as const)
  test(`a 404 of ${says} is not taken for a Cloud Controller without v3, but tried again`, async () => {
    rootWith(['v3', 'v2'])
    await assert.rejects(discovered(answer, info), ServerError)
  })

for (const [says, answer] of [
  ['is off', infoOff],
  ['is a web page', html(200)],
  ['is not there', routerSays],
  ['is another JSON', json(200, { hello: 1 })],
] as const)
  test(`where /v2/info ${says}, v2 is not taken`, async () => {
    rootWith(['v3', 'v2'])
    await assert.rejects(discovered(noV3, answer), { name: /Error$/ })
  })

test('a router that has lost its route for a moment in mid-run does not end in v2', async () => {
  rootWith(['v3', 'v2'])
  const { foundation } = scripted
  const client = scripted.client()
  foundation.next.push(json(200, { links: { audit_events: { href: 'x' } } }))
  await client.countAuditEvents({ fromSec: 0 }, never)
  foundation.next.push(routerSays)
  await assert.rejects(client.countAuditEvents({ fromSec: 0 }, never), ServerError)
  assert.equal(client.apiVersion, 'v3')
})
