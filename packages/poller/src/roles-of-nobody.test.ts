import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'
import { minuteMs } from './testing/watched-source.ts'

const bob = { name: 'bob', password: 'pw-of-bob', guid: 'b0b', scopes: ['cloud_controller.read'] }

function asBob(t: TestContext): Promise<PolledFoundation> {
  const login = { kind: 'password', username: 'bob', password: bob.password } as const
  return PolledFoundation.make(t, {}, { users: [bob] }, { clientId: 'cf', clientSecret: '', login })
}

test('a user without any role is shown nothing, and closes no window; with a role it does', async t => {
  const one = await asBob(t)
  const minutes = async (count: number) => {
    for (let at = 0; at < count; at++) {
      one.foundation.insert([{ spaceGuid: 's1' }])
      await one.pass(minuteMs)
    }
  }
  one.start().catch(() => undefined)
  await one.until(() => one.polls > 0)
  await minutes(15)
  const { rights, ledger, windows } = one.poller.status()
  assert.deepEqual([rights?.sees, rights?.roles], ['subset', []])
  assert.deepEqual([ledger?.completeUpToSec, ledger?.windows.closed, windows.closed], [null, 0, 0])
  assert.deepEqual(
    one.verified.filter(({ isCompared }) => isCompared),
    [],
  )

  one.foundation.setMemberships('b0b', { spaces: ['s1'] })
  await minutes(15)
  await one.until(() => (one.poller.status().ledger?.windows.closed ?? 0) > 2)
  assert.deepEqual(await one.differences(), nothingWrong)
})

test('history is read once it is shown, though nothing of it was at the first start', async t => {
  const one = await asBob(t)
  const nowMs = one.clock.now()
  const daysAgo = (days: number) => ({ spaceGuid: 's1', createdAtUs: (nowMs - days * 86_400_000) * 1000 })
  one.foundation.insert([30, 20, 1, 0.1].map(daysAgo))
  one.start().catch(() => undefined)
  await one.until(() => one.polls > 0)
  await one.pass(5 * minuteMs)
  one.foundation.setMemberships('b0b', { spaces: ['s1'] })
  await one.pass(15 * minuteMs)
  await one.until(() => (one.poller.status().ledger?.windows.closed ?? 0) > 2)
  assert.deepEqual(await one.differences(), nothingWrong)
})
