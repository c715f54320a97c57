import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { startFoundation } from '@cf-audit-drain/foundation-simulator'
import { systemClock } from '@cf-audit-drain/pipeline'
import { begin, temporary, until } from './command-for-tests.ts'

const urlIn = (text: string) => /"url":"(http[^"]+)"/.exec(text)?.[1]
const daySec = 86_400

test('started while Cloud Foundry cannot be reached, /metrics and /status have from the log what alerts ring for', {
  timeout: 60_000,
}, async t => {
  const foundation = await startFoundation({})
  const guids = foundation.insert(
    [9.5, 10, 10.5, 11].map(days => ({ createdAtUs: (systemClock.now() - days * daySec * 1000) * 1000 })),
  )
  foundation.countOnly(guids.slice(1, 2))
  const env = {
    CF_API: foundation.api,
    CF_CLIENT_ID: foundation.clientId,
    CF_CLIENT_SECRET: foundation.clientSecret,
    CF_FOUNDATION: 'eu1',
    DATA_DIR: join(temporary(t), 'data'),
    HTTP_ADDRESS: '127.0.0.1:0',
    POLL_INTERVAL: '1s',
  }
  const running = async () => {
    const one = begin(['start'], env)
    t.after(() => one.child.kill('SIGKILL'))
    await until(() => urlIn(one.out()) !== undefined)
    const get = async (path: string) => (await fetch(`${urlIn(one.out())}${path}`)).text()
    const value = async (name: string) => {
      const found = new RegExp(`^cf_audit_${name}.* (\\S+)$`, 'm').exec(await get('/metrics'))?.[1]
      return found === undefined ? null : Number(found)
    }
    const end = async () => {
      one.child.kill('SIGTERM')
      assert.equal((await one.ended).code, 0)
    }
    return { get, value, end, out: one.out }
  }
  const names = [
    'ledger_missing_events',
    'ledger_windows{foundation="eu1",state="short"',
    'ledger_last_verified_timestamp_seconds',
    'source_retention_seconds',
    'ledger_complete_up_to_timestamp_seconds',
  ]
  const valuesOf = async (one: Awaited<ReturnType<typeof running>>) =>
    Object.fromEntries(
      await Promise.all(names.map(async name => [name, (await one.value(name)) ?? -1] as const)),
    )

  const first = await running()
  const isWhole = async () =>
    (await first.value('ledger_missing_events')) === 1 &&
    (await first.value('source_oldest_event_timestamp_seconds')) !== 0
  while (!(await isWhole())) await systemClock.sleep(50)
  const before = await valuesOf(first)
  await first.end()
  await foundation.close()

  const second = await running()
  for (const [name, now] of Object.entries(await valuesOf(second)))
    assert.ok(Math.abs(now - (before[name] ?? 0)) < 0.5, `${name} was ${before[name]}, is ${now}`)
  const leftDays = ((await second.value('unheld_deletion_seconds')) ?? 0) / daySec
  assert.ok(leftDays > 0.9 && leftDays < 1.1, `${leftDays} days`)
  const [{ deadline, retention, ledger, lastPoll }] = JSON.parse(await second.get('/status')).foundations
  assert.equal(lastPoll, null)
  assert.ok(deadline.hoursLeft > 22 && deadline.hoursLeft <= 24, JSON.stringify(deadline))
  assert.equal(deadline.retentionBy, 'oldest-event')
  assert.deepEqual(retention, { days: 11, by: 'oldest-event', oldestAgeHours: 264 })
  assert.match(ledger.verdict, /1 short \(1 counted and not held/)
  await second.end()
})
