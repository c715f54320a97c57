import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PolledFoundation } from './testing/polled-foundation.ts'

/**
 * Goal: a login that an operator has corrected is tried within a poll interval, however long it was refused before, and one that
 * is refused is not sent again and again. Method: a user whose password is read from where it can be changed.
 */
const pollIntervalMs = 10_000
const minuteMs = 60_000
const bob = {
  name: 'bob',
  password: 'pw-of-bob',
  guid: 'b0b',
  scopes: ['cloud_controller.global_auditor'],
}

for (const [what, wrong] of [
  ['wrong', 'not-the-one'],
  ['not there', null],
] as const)
  test(`a password that was ${what} is tried within a poll interval once it is corrected`, async t => {
    let password: string | null = wrong
    const read = () => {
      if (password === null) throw new Error('no such file')
      return password
    }
    const one = await PolledFoundation.make(
      t,
      { pollIntervalMs },
      { users: [bob] },
      { clientId: 'cf', clientSecret: '', login: { kind: 'password', username: 'bob', password: read } },
    )
    const asked = () => one.foundation.requests.byPath.get('/oauth/token') ?? 0
    one.start().catch(() => undefined)
    let tries = 0
    const isLong = () => one.failures.length > tries && (one.failures.at(-1)?.delayMs ?? 0) > 2 * minuteMs
    for (let seconds = 0; !isLong() && seconds < 1_200; seconds++) {
      tries = one.failures.length
      await one.passCalmly(1_000, 1_000)
    }
    assert.ok(isLong(), 'the pauses get longer')
    assert.equal(one.poller.status().state, 'failing')
    const { length } = one.failures
    await one.passCalmly(minuteMs, 1_000)
    assert.equal(one.failures.length, length, 'nor is it tried in a pause')
    assert.ok(asked() <= 1, `sent ${asked()} times`)

    password = bob.password
    await one.passCalmly(1.2 * pollIntervalMs, 500)
    await one.until(() => one.poller.status().state === 'running', 3_000)
    assert.ok(one.poller.status().lastPoll !== null)
  })
