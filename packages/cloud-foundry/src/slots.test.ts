import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Slots } from './slots.ts'

const never = new AbortController().signal

test('slots are given in order, one per holder, and giving back twice counts once', async () => {
  const slots = new Slots(1)
  const order: string[] = []
  const first = await slots.take(never)
  const second = slots.take(never).then(giveBack => {
    order.push('second')
    return giveBack
  })
  const third = slots.take(never).then(giveBack => {
    order.push('third')
    return giveBack
  })
  first()
  first()
  const giveBack = await second
  assert.deepEqual(order, ['second'])
  giveBack()
  await third
  assert.deepEqual(order, ['second', 'third'])
})

test('who gives up while waiting takes no slot with him', async () => {
  const slots = new Slots(1)
  const first = await slots.take(never)
  const stop = new AbortController()
  const impatient = slots.take(stop.signal)
  const patient = slots.take(never)
  stop.abort(new Error('no more'))
  await assert.rejects(impatient, /no more/)
  first()
  const giveBack = await patient
  giveBack()
  await slots.take(never)
})
