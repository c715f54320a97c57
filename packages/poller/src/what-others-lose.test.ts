import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@cf-audit-drain/pipeline'
import { hourMs, nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'

const minuteMs = 60_000

test('nothing for hours, then a row in the very second that the last poll read up to', async t => {
  const one = await PolledFoundation.make(t)
  await one.started()
  await one.pass(2 * hourMs, 10 * minuteMs)
  const polledToUs = Math.floor(one.agoUs(0) / 1e6) * 1e6
  await one.pass(minuteMs)
  one.foundation.insert([{ createdAtUs: polledToUs }, { createdAtUs: polledToUs - 1 }])
  await one.pass(2 * minuteMs)
  assert.equal(one.foundation.shown().length, 2)
  assert.deepEqual(await one.differences(), nothingWrong)
})

test('the third request of a backfill is answered with 502 again and again', async t => {
  const one = await PolledFoundation.make(t)
  one.foundation.insert(someHistory(one, 24_500))
  one.foundation.faults.add({ fault: 'error-502', after: 2, count: 7 })
  await one.started()
  assert.equal(one.foundation.faults.fired.length, 7)
  assert.deepEqual(await one.differences(), nothingWrong)
})

test('50,000 different events are all different', async t => {
  const one = await PolledFoundation.make(t)
  one.foundation.insert(someHistory(one, 50_000))
  await one.started()
  assert.equal(new Set(await one.guids()).size, 50_000)
  assert.deepEqual(await one.differences(), nothingWrong)
})

test('an hour of rows that all bear one second goes on coming, and each is taken once', async t => {
  const one = await PolledFoundation.make(t)
  await one.started()
  const createdAtUs = one.agoUs(0)
  for (let minute = 0; minute < 60; minute++) {
    one.foundation.insert(Array.from({ length: 20 }, () => ({ createdAtUs })))
    await one.pass(minuteMs, minuteMs)
  }
  await one.pass(10 * minuteMs)
  assert.equal(one.foundation.shown().length, 1_200)
  assert.deepEqual(await one.differences(), nothingWrong)
})

function someHistory(one: PolledFoundation, count: number) {
  const random = seededRandom(5)
  return Array.from({ length: count }, () => ({ createdAtUs: one.agoUs(random() * 40 * hourMs) }))
}
