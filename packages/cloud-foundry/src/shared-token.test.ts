import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { loadRecordedCollections, startFoundation } from '@cf-audit-drain/foundation-simulator'
import { drivenClock, seededRandom } from '@cf-audit-drain/pipeline'
import { cloudController } from './cloud-controller.ts'
import { nameLookups } from './name-lookups.ts'

/**
 * Goal: what is refused to one of two clients that share a token takes it from neither, unless there is another.
 * Method: a poller's client and one for names, a 401 for one of them, and UAA there or away.
 */
const never = new AbortController().signal

async function scene(t: TestContext) {
  const clock = drivenClock()
  const foundation = await startFoundation({ clock })
  loadRecordedCollections(foundation.collections)
  const { api, clientId, clientSecret } = foundation
  const options = { name: 'prod', api, clientId, clientSecret, retry: { tries: 1 } }
  const deps = { clock, random: seededRandom(1), env: {} }
  const polling = cloudController(options, deps)
  const lookups = nameLookups(options, deps, polling.tokens)
  t.after(async () => {
    await Promise.all([polling.close(), lookups.close()])
    await foundation.close()
  })
  const poll = () => polling.countAuditEvents({ fromSec: 0 }, never)
  const lookUp = () => lookups.lookup('users', ['7b1c7c0a-2f5b-4d0e-9a3a-0d9a4a2f0001'], never)
  return { foundation, clock, poll, lookUp }
}

test('a lookup that is refused while UAA is away leaves the poller the token that is good for it', async t => {
  const { foundation, clock, poll, lookUp } = await scene(t)
  await poll()
  const away = foundation.uaaAway(600_000)
  foundation.faults.add({ fault: 'unauthorized', path: '/v3/users' })
  await assert.rejects(lookUp(), /UAA at/)
  assert.equal(await poll(), 0)
  await lookUp()
  clock.advance(600_000)
  await away
})

test('a token that is refused to all is not used again once there is another', async t => {
  const { foundation, poll, lookUp } = await scene(t)
  await poll()
  foundation.faults.add({ fault: 'tokens-revoked', path: '/v3/users' })
  await lookUp()
  await poll()
  assert.equal(foundation.requests.byPath.get('/oauth/token'), 2)
})

test('a refused token that cannot be renewed is told by what UAA says, each time', async t => {
  const { foundation, clock, poll } = await scene(t)
  await poll()
  const away = foundation.uaaAway(600_000)
  foundation.faults.add({ fault: 'tokens-revoked' })
  await assert.rejects(poll(), /UAA at/)
  await assert.rejects(poll(), /UAA at/)
  clock.advance(600_000)
  await away
  assert.equal(await poll(), 0)
})
