import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ReadingTroubles } from './reading-troubles.ts'

function made(explain = async (error: Error) => new Error(`explained ${error.message}`)) {
  const failed: string[] = []
  const interrupted: (string | null)[] = []
  const troubles = new ReadingTroubles({
    explain,
    failed: error => failed.push(error.message),
    interrupted: error => interrupted.push(error?.message ?? null),
  })
  return { troubles, failed, interrupted }
}

test('a trouble is told once however often it comes, again when it is another one, and when all are over', async () => {
  const { troubles, failed, interrupted } = made()
  for (let i = 0; i < 3; i++) {
    troubles.has('group', new Error('a'))
    await setImmediate()
  }
  troubles.has('topic', new Error('b'))
  await setImmediate()
  assert.deepEqual([failed, interrupted], [['explained a', 'explained b'], ['explained a']])
  troubles.has('group', new Error('c'))
  await setImmediate()
  troubles.over('group')
  troubles.over('group')
  troubles.over('topic')
  assert.deepEqual(failed, ['explained a', 'explained b', 'explained c'])
  assert.deepEqual(interrupted, ['explained a', 'explained c', 'explained b', null])
})

test('a trouble that is over before it is explained is said, and interrupts nothing', async () => {
  const { troubles, failed, interrupted } = made()
  troubles.has('group', new Error('a'))
  troubles.over('group')
  await setImmediate()
  assert.deepEqual([failed, interrupted], [['explained a'], []])
})

test('a trouble that cannot be explained is told as it is', async () => {
  const { troubles, failed, interrupted } = made(() => Promise.reject(new Error('no answer')))
  troubles.has('group', new Error('a'))
  await setImmediate()
  assert.deepEqual([failed, interrupted], [['a'], ['a']])
})
