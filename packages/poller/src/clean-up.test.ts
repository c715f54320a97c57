import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyWindow } from '@cf-audit-drain/log'
import { CleanUp } from './clean-up.ts'

const daySec = 86_400

test('how long events are kept is not learned from time in which less was accepted to be seen since', () => {
  const nowSec = 40 * daySec
  const oldestSec = nowSec - 5 * daySec + 100
  const windows = Array.from({ length: 288 }, (_, i) => {
    const toSec = nowSec - 5 * daySec - (287 - i) * 300
    return { ...emptyWindow({ fromSec: toSec - 300, toSec }), held: 1, counted: 1 }
  })
  const learned = (acceptedSec?: number) => {
    const cleanUp = new CleanUp()
    cleanUp.reached(windows, oldestSec, nowSec, nowSec - 300, acceptedSec)
    return cleanUp.retentionSec / daySec
  }
  assert.equal(learned(), 5)
  assert.equal(learned(nowSec - daySec), 31)
})
