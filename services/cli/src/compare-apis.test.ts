import assert from 'node:assert/strict'
import { test } from 'node:test'
import { everyRecordedEvent, startFoundation } from '@cf-audit-drain/foundation-simulator'
import { environment, runs, temporary } from './command-for-tests.ts'

const span = ['--from', '2026-11-22T02:00:00Z', '--to', '2026-11-22T09:00:00Z']

test('compare-apis says that both APIs show the same, in words and as one line of JSON', async t => {
  const foundation = await startFoundation({ v2: true })
  t.after(() => foundation.close())
  foundation.insert(everyRecordedEvent())
  const env = { ...environment(foundation, temporary(t)), CF_FOUNDATION: 'eu1' }
  const { code, out, err } = await runs(['compare-apis', ...span], env)
  assert.deepEqual(
    [code, out],
    [
      0,
      'foundation eu1 from 2026-11-22T02:00:00Z to 2026-11-22T09:00:00Z: v3 2193 events, v2 2193 events; both show the same\n',
    ],
    err,
  )
  const json = await runs(['compare-apis', ...span, '--json'], env)
  assert.deepEqual(JSON.parse(json.out), {
    foundation: 'eu1',
    from: '2026-11-22T02:00:00Z',
    to: '2026-11-22T09:00:00Z',
    v3: 2193,
    v2: 2193,
    equal: true,
    differences: [],
  })
})

test('compare-apis ends with 5 when they differ, and names the event and the fields', async t => {
  const foundation = await startFoundation({ v2: true })
  t.after(() => foundation.close())
  const at = '2026-11-22T03:00:00Z'
  // An actor without anything in it: v2 has no way to show one that is not null.
  const odd = { guid: 'odd', created_at: at, updated_at: at, type: 'audit.app.update', actor: {}, data: {} }
  foundation.insert([{ createdAtUs: Date.parse(at) * 1000 }, { text: JSON.stringify(odd) }])
  const env = environment(foundation, temporary(t))
  const { code, out } = await runs(['compare-apis', ...span], env)
  assert.equal(code, 5, out)
  assert.match(out, /^in both, differing {2}odd {2}2026-11-22T03:00:00Z {2}audit\.app\.update {2}actor\./)
  assert.match(out, /v3 2 events, v2 2 events; they do not show the same\n$/)
})

test('compare-apis with v2 switched off says what to do and ends with 3; typed wrongly it ends with 2', async t => {
  const foundation = await startFoundation({})
  t.after(() => foundation.close())
  const env = environment(foundation, temporary(t))
  const off = await runs(['compare-apis', ...span], env)
  assert.equal(off.code, 3, off.err)
  assert.match(off.err, /V2 endpoints disabled.*enable-v2-api\.yml/)
  for (const args of [
    [],
    ['--from', 'yesterday'],
    ['--from', '24h', '--to', '2026-01-01'],
    ['--from', '1h', '--foundation', 'x'],
  ])
    assert.equal((await runs(['compare-apis', ...args], env)).code, 2, args.join(' '))
})

test('compare-apis logs in once for both, so that a refresh token that UAA exchanges at each use is enough', async t => {
  const guid = 'b0b'
  const scopes = ['cloud_controller.global_auditor']
  const users = [{ name: 'bob', password: 'pw-of-bob-pw', guid, scopes }]
  const foundation = await startFoundation({ v2: true, users, rotateRefreshTokens: true })
  t.after(() => foundation.close())
  foundation.insert([{ createdAtUs: Date.parse('2026-11-22T03:00:00Z') * 1000 }])
  const env = {
    CF_API: foundation.api,
    CF_REFRESH_TOKEN: foundation.refreshToken(guid),
    DATA_DIR: temporary(t),
  }
  const { code, out, err } = await runs(['compare-apis', ...span], env)
  assert.equal(code, 0, err)
  assert.match(out, /v3 1 events, v2 1 events; both show the same/)
})
