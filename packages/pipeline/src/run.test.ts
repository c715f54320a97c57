import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from './clock.ts'
import { run } from './run.ts'

test('attempts to connect are counted, for each end anew', async () => {
  const told: string[] = []
  const failing = (times: number) => {
    let left = times
    return async () => {
      if (left-- > 0) throw new Error('not yet')
    }
  }
  await run(
    { connect: failing(3), read: async () => null, close: async () => undefined },
    { connect: failing(2), write: async () => [], close: async () => undefined },
    {
      clock: systemClock,
      reconnectMs: 1,
      onConnectFailure: (end, _reason, attempt) => told.push(`${end} ${attempt}`),
    },
    new AbortController().signal,
  )
  assert.deepEqual(told, ['source 1', 'source 2', 'source 3', 'sink 1', 'sink 2'])
})
