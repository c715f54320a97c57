import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { KafkaStateError } from '@cf-audit-drain/log'
import { type Clock, systemClock } from '@cf-audit-drain/pipeline'
import type { Poller } from '@cf-audit-drain/poller'
import { createLogger } from '@cf-audit-drain/runtime'
import { ElectedPoller } from './elected-poller.ts'

const lost = new KafkaStateError('the checkpoint of lab is lost')

/** A poller whose writer cannot be opened, or could at first; `rested` resolves the rests of whoever waits. */
function scene({ isAlone, opensFirst = false }: { isAlone: boolean; opensFirst?: boolean }) {
  const rests: (() => void)[] = []
  const clock: Clock = {
    ...systemClock,
    sleep: (_ms, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      rests.push(resolve)
      signal?.addEventListener('abort', () => reject(signal.reason))
      return promise
    },
  }
  let runs = 0
  const elected = new ElectedPoller('lab', {
    clock,
    random: () => 0.5,
    logger: createLogger({ level: 'fatal', destination: 'stderr' }),
    metrics: null,
    isAlone,
    makePoller: opened =>
      ({
        status: () => ({ state: 'starting', lastPoll: null, lastError: null }),
        run: async () => {
          if (runs++ === 0 && opensFirst) opened()
          throw lost
        },
      }) as unknown as Poller,
    settled: () => undefined,
  })
  elected.elected(true)
  return { elected, rests, runs: () => runs }
}

test('what an operator has to mend ends a process that has no other foundation', async () => {
  const { elected } = scene({ isAlone: true })
  await assert.rejects(elected.poll(new AbortController().signal), KafkaStateError)
})

for (const options of [{ isAlone: false }, { isAlone: true, opensFirst: true }])
  test(`it is told, waited for and tried again otherwise: ${JSON.stringify(options)}`, async () => {
    const { elected, rests, runs } = scene(options)
    const term = new AbortController()
    const polling = elected.poll(term.signal)
    await setImmediate()
    assert.equal(runs(), 1)
    assert.equal(elected.state, 'failing')
    assert.equal(elected.notReady(), 'foundation lab fails: the checkpoint of lab is lost')
    rests.shift()?.()
    await setImmediate()
    assert.equal(runs(), 2)
    term.abort()
    await polling
  })
