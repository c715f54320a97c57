import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { CloudFoundryError } from './errors.ts'
import { never } from './testing/client-of.ts'
import { foundationPerTest } from './testing/foundation-per-test.ts'
import { drip, hang, later, raw, type Script } from './testing/scripted-foundation.ts'

/** Far below `standstillMs` as it is by default, which must not be what ends these. */
const requestTimeoutMs = 800
const fresh = foundationPerTest({ requestTimeoutMs, standstillMs: 30_000, retry: { tries: 1 } })

const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n'
const endless = ' '.repeat(100_000)

const slownesses: readonly (readonly [string, Script, string])[] = [
  ['that never answers', hang, 'UnreachableError'],
  ['whose headers stop', raw('HTTP/1.1 200 OK\r\nContent-', 'stay'), 'UnreachableError'],
  ['that stops before the body', raw(head, 'stay'), 'BrokenAnswerError'],
  ['whose body stops', raw(`${head}{"pagin`, 'stay'), 'BrokenAnswerError'],
  [
    'whose body stops after much of it',
    raw(head.replace('900', '900000') + endless, 'stay'),
    'BrokenAnswerError',
  ],
  ['whose body trickles', drip(endless, 20, 1), 'BrokenAnswerError'],
  ['that answers late and then trickles', later(250, drip(endless, 20, 1)), 'BrokenAnswerError'],
]
const ends = [
  ['Cloud Controller', 'its root', 'root'],
  ['UAA', 'a token', 'token'],
  ['Cloud Controller', 'audit events', 'events'],
] as const

for (const [slowness, script, name] of slownesses)
  for (const [end, what, asked] of ends)
    test(`a ${end} asked for ${what} ${slowness} has the request's timeout and no more`, {
      timeout: 5000,
    }, async () => {
      const controller = fresh.client()
      if (asked === 'events') await controller.countAuditEvents({ fromSec: 0 }, never)
      fresh.foundation[asked] = script
      const startedAt = systemClock.monotonic()
      const error = await controller.countAuditEvents({ fromSec: 0 }, never).then(
        () => assert.fail('it was answered'),
        (thrown: unknown) => thrown,
      )
      const tookMs = systemClock.monotonic() - startedAt
      assert.ok(error instanceof CloudFoundryError)
      assert.deepEqual([error.name, error.end, error.code], [name, end, 'TIMEOUT'], error.message)
      assert.match(error.message, /requestTimeout/)
      // A clock that starts anew with the body, or the next step, would take twice as long.
      assert.ok(tookMs > requestTimeoutMs - 5 && tookMs < 2 * requestTimeoutMs, `${tookMs} ms`)
    })

test('a body that stands still ends after standstillMs, however long the whole request may take', {
  timeout: 10_000,
}, async () => {
  const controller = fresh.client({ requestTimeoutMs: 60_000, standstillMs: 200 })
  fresh.foundation.events = raw(`${head}{"pagin`, 'stay')
  await assert.rejects(controller.countAuditEvents({ fromSec: 0 }, never), CloudFoundryError)
})
