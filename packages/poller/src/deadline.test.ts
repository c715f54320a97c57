import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyWindow } from '@cf-audit-drain/log'
import type { Checkpoint } from './checkpoint.ts'
import { deadlineOf } from './deadline.ts'

const daySec = 86_400
const nowSec = 100 * daySec
const checkpoint: Checkpoint = {
  startSec: 0,
  baselineSec: 0,
  tailFromSec: nowSec - 300,
  settledSec: 0,
  unread: [],
  closedWindows: 0,
  writtenMs: 0,
}
const source = { oldestSec: nowSec - 31 * daySec, retentionSec: 31 * daySec }

test('nothing is waited for: no deadline', () => {
  assert.equal(deadlineOf(checkpoint, [], source, nowSec), null)
})

test('the oldest that is unread, short or not polled decides', () => {
  const unread = [{ fromSec: nowSec - 29 * daySec, toSec: nowSec - daySec }]
  const short = {
    ...emptyWindow({ fromSec: nowSec - 30 * daySec, toSec: nowSec - 30 * daySec + 300 }),
    counted: 1,
  }
  const leftOf = (one: Checkpoint, windows = [short].slice(0, 0)) =>
    (deadlineOf(one, windows, source, nowSec)?.leftSec ?? 0) / daySec
  assert.equal(leftOf({ ...checkpoint, unread }), 2)
  assert.equal(leftOf({ ...checkpoint, unread }, [short]), 1)
  assert.equal(leftOf({ ...checkpoint, tailFromSec: nowSec - 3 * daySec }), 28)
})

test('what is deleted already is not waited for, and time that is up is 0', () => {
  const unread = [{ fromSec: nowSec - 60 * daySec, toSec: nowSec - daySec }]
  const deadline = deadlineOf({ ...checkpoint, unread }, [], { ...source, retentionSec: 30 * daySec }, nowSec)
  assert.deepEqual(deadline, { oldestUnheldSec: source.oldestSec, leftSec: 0 })
})
