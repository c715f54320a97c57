import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startFoundation } from '@cf-audit-drain/foundation-simulator'
import { systemClock } from '@cf-audit-drain/pipeline'
import { begin, runs, temporary, until } from './command-for-tests.ts'

const bob = {
  name: 'bob@example.com',
  password: 'pw-of-bob-pw',
  guid: 'b0b',
  scopes: ['cloud_controller.global_auditor'],
}

const urlIn = (text: string) => /"url":"(http[^"]+)"/.exec(text)?.[1]

test('a user by refresh token: narrowed in mid-run it is on /metrics, /status and in the log, after a restart too, and --accept-rights ends it', {
  timeout: 120_000,
}, async t => {
  const foundation = await startFoundation({ users: [bob], tokenLifetimeSec: 4, rotateRefreshTokens: true })
  t.after(() => foundation.close())
  foundation.insert([{}, {}])
  const dir = temporary(t)
  const config = join(dir, 'config.json')
  const refreshed = () => {
    const token = foundation.refreshToken(bob.guid)
    writeFileSync(config, JSON.stringify({ RefreshToken: token, UAAOAuthClient: 'cf' }))
    return token
  }
  const secret = refreshed()
  const env = {
    CF_API: foundation.api,
    CF_REFRESH_TOKEN_FILE: config,
    CF_FOUNDATION: 'eu1',
    DATA_DIR: join(dir, 'data'),
    HTTP_ADDRESS: '127.0.0.1:0',
    POLL_INTERVAL: '1s',
    LOG_LEVEL: 'debug',
  }
  const outputs: string[] = []
  const running = async (...args: string[]) => {
    const one = begin(['start', ...args], env)
    t.after(() => one.child.kill('SIGKILL'))
    await until(() => urlIn(one.out()) !== undefined)
    const url = urlIn(one.out())
    const get = async (path: string) => (await fetch(`${url}${path}`)).text()
    const metric = async () =>
      /^cf_audit_rights_narrowed\{foundation="eu1"\} (\d)/m.exec(await get('/metrics'))?.[1]
    const becomes = async (value: string) => {
      for (let now = await metric(); now !== value; now = await metric()) {
        assert.equal(one.child.exitCode, null, one.err())
        await systemClock.sleep(50)
      }
    }
    const end = async () => {
      outputs.push(one.out(), one.err(), await get('/status'), await get('/metrics'))
      one.child.kill('SIGTERM')
      assert.equal((await one.ended).code, 0)
    }
    return { becomes, get, end, out: one.out }
  }

  const first = await running()
  await first.becomes('0')
  const { foundations } = JSON.parse(await first.get('/status'))
  assert.deepEqual([foundations[0].apiVersion, foundations[0].rightsNarrowed], ['v3', null])
  foundation.setScopes(bob.guid, ['cloud_controller.read'])
  await first.becomes('1')
  const status = JSON.parse(await first.get('/status')).foundations[0]
  assert.match(status.rightsNarrowed.sentence, /user "bob@example\.com" sees less than before/)
  await until(() => first.out().includes('sees less than before'))
  await first.end()

  refreshed()
  const second = await running()
  await second.becomes('1')
  await second.end()

  refreshed()
  const third = await running('--accept-rights')
  await third.becomes('0')
  await third.end()
  for (const output of outputs) assert.ok(!output.includes(secret), 'the refresh token stays where it is')
})

test('check says who logs in, by which API events come, and what a space auditor does not see', async t => {
  const foundation = await startFoundation({
    v2: true,
    v3AuditEvents: false,
    users: [{ ...bob, scopes: ['cloud_controller.read'] }],
    memberships: { b0b: { spaces: ['s1'] } },
  })
  t.after(() => foundation.close())
  const env = {
    CF_API: foundation.api,
    CF_LOGIN_USERNAME: bob.name,
    CF_LOGIN_PASSWORD: bob.password,
    DATA_DIR: temporary(t),
  }
  const { code, out } = await runs(['check'], env)
  assert.equal(code, 0, out)
  assert.match(out, /UAA +http\S+, logs user "bob@example\.com" in by client "cf" \(password\)/)
  assert.match(out, /v2 on.*, audit events by v2/)
  assert.match(out, /WARN.*rights.*sees only events of 1 space and 0 organizations.*SpaceAuditor/)
  const wrong = await runs(['check'], { ...env, CF_LOGIN_PASSWORD: 'not-this-one' })
  assert.equal(wrong.code, 3)
  assert.match(wrong.out, /does not let user "bob@example\.com" log in/)
  assert.ok(!`${wrong.out}${wrong.err}`.includes('not-this-one'))
})

test('check says that it has used up the refresh token where UAA exchanges them, and nothing of it where UAA does not', async t => {
  for (const rotateRefreshTokens of [true, false]) {
    const foundation = await startFoundation({ users: [bob], rotateRefreshTokens })
    t.after(() => foundation.close())
    const token = foundation.refreshToken(bob.guid)
    const { code, out } = await runs(['check'], {
      CF_API: foundation.api,
      CF_REFRESH_TOKEN: token,
      DATA_DIR: temporary(t),
    })
    assert.equal(code, 0, out)
    const warning =
      /WARN +foundation \S+ UAA +.*exchanges refresh tokens.*`cf login` again before `start`.*one of its own/
    assert.equal(warning.test(out), rotateRefreshTokens, out)
    assert.ok(!out.includes(token))
  }
})
