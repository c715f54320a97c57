import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stopTimes } from './stop-times.ts'

/** The source, the log and the HTTP server, one after the other, when nobody answers. */
const closingMs = 2_000 + 2_000 + 1_000

test('a sink that stops has counted what it could not settle before the process ends, whatever it is given', () => {
  for (let shutdownTimeoutMs = 100; shutdownTimeoutMs <= 600_000; shutdownTimeoutMs += 100) {
    const { drainMs, settleMs } = stopTimes(shutdownTimeoutMs)
    assert.ok(drainMs < settleMs && settleMs < shutdownTimeoutMs, `${shutdownTimeoutMs}`)
    if (shutdownTimeoutMs >= 20_000)
      assert.ok(settleMs + closingMs < shutdownTimeoutMs, `${shutdownTimeoutMs}`)
  }
})
