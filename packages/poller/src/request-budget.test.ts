import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '@cf-audit-drain/pipeline'
import { RequestBudget } from './request-budget.ts'

const signal = new AbortController().signal
const limit = 2_000

/** How long a request that can wait does, with so many requests left and so many seconds until they are counted anew. */
async function waitsSec(
  remaining: number | null,
  resetInSec: number,
  pollIntervalMs = 10_000,
): Promise<number> {
  const clock = manualClock()
  const nowSec = () => Math.floor(clock.now() / 1000)
  const resetSec = nowSec() + resetInSec
  const seen = remaining === null ? null : { limit, remaining, resetSec }
  await new RequestBudget(() => seen, pollIntervalMs, clock).spare(nowSec, signal)
  return clock.monotonic() / 1000
}

test('without a limiter, and with enough left for the polls, nothing waits', async () => {
  assert.equal(await waitsSec(null, 3_600), 0)
  assert.equal(await waitsSec(600, 3_600), 0, '360 polls and half as much again are kept')
  assert.equal(await waitsSec(300, 600), 0)
})

test('what the polls need until the limiter counts anew is kept for them', async () => {
  const waitedSec = await waitsSec(500, 3_600)
  assert.ok(waitedSec >= 260 && waitedSec < 300, `it waits while that is too much: ${waitedSec} s`)
  assert.equal(await waitsSec(200, 3_600), 3_600, 'the limiter tells tenths: the last of them is never taken')
})

test('under a limit that is too small for the polls the backfill still gets its share', async () => {
  assert.equal(await waitsSec(1_401, 3_600, 1_000), 0)
  assert.ok((await waitsSec(1_400, 3_600, 1_000)) > 0)
})
