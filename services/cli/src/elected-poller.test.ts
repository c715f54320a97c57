import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { FencedError, KafkaStateError } from '@cf-audit-drain/log'
import { type Clock, systemClock } from '@cf-audit-drain/pipeline'
import { NotEverythingVisibleError, type Poller } from '@cf-audit-drain/poller'
import { createLogger } from '@cf-audit-drain/runtime'
import { ElectedPoller } from './elected-poller.ts'

const lost = new KafkaStateError('the checkpoint of lab is lost')

/** A poller whose writer cannot be opened, or could at first; `rested` resolves the rests of whoever waits. */
function scene({
  isAlone,
  opensFirst = false,
  ends = [],
  hasPolled = false,
}: {
  isAlone: boolean
  opensFirst?: boolean
  /** What the terms end with; then with a checkpoint that is lost. */
  ends?: readonly Error[]
  hasPolled?: boolean
}) {
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
        status: () => ({ state: 'starting', lastPoll: hasPolled ? {} : null, lastError: null }),
        run: async () => {
          if (runs++ === 0 && opensFirst) opened()
          throw ends[runs - 1] ?? lost
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

test('a term that begins with less to see than strict asks for ends no process that has polled the foundation before', async () => {
  const { elected, rests, runs } = scene({
    ...{ isAlone: false, ends: [new FencedError('lab'), new NotEverythingVisibleError('it sees a part')] },
    hasPolled: true,
  })
  const term = new AbortController()
  const polling = elected.poll(term.signal)
  await setImmediate()
  rests.shift()?.()
  await setImmediate()
  assert.equal(runs(), 2)
  assert.equal(elected.notReady(), 'foundation lab fails: it sees a part')
  term.abort()
  await polling
})

test('one that has never polled it ends, as strict asks for', async () => {
  const { elected } = scene({ isAlone: false, ends: [new NotEverythingVisibleError('it sees a part')] })
  await assert.rejects(elected.poll(new AbortController().signal), NotEverythingVisibleError)
})
