import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forgetGuidsAfterSec } from './retention.ts'

const daySec = 86_400
const nowSec = 1_795_000_000
const shown = (retentionDays: number, oldestDays: number) => ({
  retentionSec: retentionDays * daySec,
  oldestSec: nowSec - oldestDays * daySec,
})

test('a guid is remembered for two weeks longer than the most patient Cloud Controller shows its event', () => {
  assert.equal(forgetGuidsAfterSec([shown(31, 31)], nowSec), 45 * daySec)
  assert.equal(forgetGuidsAfterSec([shown(31, 2)], nowSec), 45 * daySec, 'a young one will have older events')
  assert.equal(forgetGuidsAfterSec([shown(7, 7)], nowSec), 45 * daySec)
  assert.equal(forgetGuidsAfterSec([shown(31, 31), shown(83, 90)], nowSec), 104 * daySec)
})

test('no guid is forgotten while a Cloud Controller has not been asked for its oldest event', () => {
  assert.equal(forgetGuidsAfterSec([shown(31, 31), null], nowSec), Number.POSITIVE_INFINITY)
  const narrowed = { retentionSec: 31 * daySec, oldestSec: null }
  assert.equal(forgetGuidsAfterSec([narrowed], nowSec), Number.POSITIVE_INFINITY)
})
