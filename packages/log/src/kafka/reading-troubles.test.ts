import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ReadingTroubles, reading } from './reading-troubles.ts'

const { group, fetching, committing } = reading

function made(explain = async (error: Error) => new Error(`explained ${error.message}`)) {
  const failed: string[] = []
  const interrupted: string[][] = []
  const troubles = new ReadingTroubles({
    explain,
    foundationOf: topic => `of ${topic}`,
    failed: error => failed.push(error.message),
    interrupted: all =>
      interrupted.push(all.map(({ foundation, error }) => `${foundation ?? 'all'}: ${error.message}`)),
  })
  return { troubles, failed, interrupted }
}

test('a trouble is told once however often it comes, again when it is another one, and when all are over', async () => {
  const { troubles, failed, interrupted } = made()
  for (let i = 0; i < 3; i++) {
    troubles.has(group, new Error('a'))
    await setImmediate()
  }
  assert.deepEqual([failed, interrupted], [['explained a'], [['all: explained a']]])
  troubles.has(group, new Error('c'))
  await setImmediate()
  troubles.over(group)
  troubles.over(group)
  assert.deepEqual(failed, ['explained a', 'explained c'])
  assert.deepEqual(interrupted, [['all: explained a'], ['all: explained c'], []])
})

test('what keeps back the events of one foundation is told as that, beside what keeps back others', async () => {
  const { troubles, interrupted } = made()
  troubles.has(fetching('x'), new Error('a'))
  await setImmediate()
  troubles.has(fetching('y'), new Error('b'))
  await setImmediate()
  troubles.over(fetching('x'))
  assert.deepEqual(interrupted, [
    ['of x: explained a'],
    ['of x: explained a', 'of y: explained b'],
    ['of y: explained b'],
  ])
})

test('two steps that fail a foundation for one reason are one trouble, until both are over', async () => {
  const { troubles, failed, interrupted } = made()
  troubles.has(fetching('x'), new Error('a'))
  troubles.has(committing('x'), new Error('a'))
  await setImmediate()
  troubles.over(fetching('x'))
  assert.deepEqual([failed, interrupted], [['explained a'], [['of x: explained a']]])
  troubles.over(committing('x'))
  assert.deepEqual(interrupted.at(-1), [])
})

test('a trouble that is over before it is explained is said, and interrupts nothing', async () => {
  const { troubles, failed, interrupted } = made()
  troubles.has(group, new Error('a'))
  troubles.over(group)
  await setImmediate()
  assert.deepEqual([failed, interrupted], [['explained a'], []])
})

test('a trouble that cannot be explained is told as it is', async () => {
  const { troubles, failed, interrupted } = made(() => Promise.reject(new Error('no answer')))
  troubles.has(group, new Error('a'))
  await setImmediate()
  assert.deepEqual([failed, interrupted], [['a'], [['all: a']]])
})
