import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { loadRecordedCollections, startFoundation } from '@cf-audit-drain/foundation-simulator'
import { seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { ApiUnavailableError, BrokenAnswerError, NotPermittedError } from './errors.ts'
import { stateLookups } from './state-lookups.ts'

const never = new AbortController().signal
const unknown = '00000000-0000-4000-8000-000000000000'

async function recorded(t: TestContext) {
  const foundation = await startFoundation({})
  loadRecordedCollections(foundation.collections)
  const { api, clientId, clientSecret } = foundation
  const lookups = stateLookups(
    { name: 'prod', api, clientId, clientSecret, requestTimeoutMs: 5_000 },
    { clock: systemClock, random: seededRandom(1), env: {} },
  )
  t.after(async () => {
    await lookups.close()
    await foundation.close()
  })
  return { foundation, lookups }
}

test('the recorded listings are read page by page, roles with the names of their users', async t => {
  const { foundation, lookups } = await recorded(t)
  const flags = await lookups.page('feature_flags', 1, never)
  assert.deepEqual([flags.resources.length, flags.totalResults, flags.totalPages], [19, 19, 1])
  const roles = await lookups.page('roles', 1, never)
  assert.equal(roles.resources.length, foundation.collections.all('roles').length)
  assert.ok(roles.users.some(({ username }) => username === 'bob@example.com'))
  const beyond = await lookups.page('security_groups', 9, never)
  assert.deepEqual([beyond.resources, beyond.totalPages], [[], 1])
})

test('of guids those are told that are shown; what is below a thing that is gone is null', async t => {
  const { foundation, lookups } = await recorded(t)
  const [space] = foundation.collections.all('spaces')
  assert.deepEqual(await lookups.shown('spaces', [space?.guid ?? '', unknown], never), [space?.guid])
  const ssh = await lookups.document(`/v3/spaces/${space?.guid}/features/ssh`, never)
  assert.equal(ssh?.['enabled'], true)
  assert.equal(await lookups.document(`/v3/spaces/${unknown}/features/ssh`, never), null)
  const running = await lookups.document('/v3/environment_variable_groups/running', never)
  assert.deepEqual(running?.['var'], { HTTP_PROXY: 'http://u:p@proxy' })
})

test('a refusal, a path that is not there, half an answer and another answer are errors, none of them with what was read', async t => {
  const { foundation, lookups } = await recorded(t)
  for (const [fault, kind] of [
    ['forbidden', NotPermittedError],
    ['truncated-json', BrokenAnswerError],
    ['html-200', BrokenAnswerError],
  ] as const)
    for (const [path, ask] of [
      ['/v3/domains', () => lookups.page('domains', 1, never)],
      [
        '/v3/environment_variable_groups',
        () => lookups.document('/v3/environment_variable_groups/running', never),
      ],
    ] as const) {
      foundation.faults.add({ fault, path })
      await assert.rejects(ask, (error: Error) => error instanceof kind && !error.message.includes('u:p'))
    }
  await assert.rejects(
    lookups.document('/v3/environment_variable_groups/staging', never),
    ApiUnavailableError,
    'not set in the recordings: as where Cloud Controller has no such path',
  )
  await assert.rejects(lookups.shown('roles', [], never), RangeError)
  await assert.rejects(lookups.shown('roles', ['a,b'], never), RangeError)
})
