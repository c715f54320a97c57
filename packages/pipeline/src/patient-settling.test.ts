import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Batch, delivered, type Sink, type Source } from './contract.ts'
import { withDeadLetters } from './dead-letter.ts'
import { InterruptedWriteError } from './interrupted-write.ts'
import { manualClock } from './manual-clock.ts'
import { withPatientSettling } from './patient-settling.ts'
import { asError } from './retry.ts'
import { run } from './run.ts'

class FullError extends Error {}

function scene(failures: number, error: Error) {
  const clock = manualClock()
  const written: number[] = []
  let cursor = 0
  let left = failures
  const source: Source<number> = {
    connect: async () => {},
    close: async () => {},
    read: async () =>
      cursor >= 4
        ? null
        : {
            batch: [cursor, cursor + 1] as Batch<number>,
            settle: async reason => {
              if (reason) return
              if (left-- > 0) throw error
              cursor += 2
            },
          },
  }
  const sink: Sink<number> = {
    connect: async () => {},
    close: async () => {},
    write: async batch => {
      written.push(...batch)
      return batch.map(() => delivered)
    },
  }
  const patience = { delayMs: 2_000, isPassing: (thrown: Error) => thrown instanceof FullError }
  const patient = withPatientSettling(source, patience, clock)
  const ended = run(patient, sink, { clock, reconnectMs: 10 }, new AbortController().signal)
  return { written, ended, clock }
}

test('a cursor that cannot be made durable for a while delivers nothing again', async () => {
  const { written, ended, clock } = scene(50, new FullError('disk full'))
  await ended
  assert.deepEqual(written, [0, 1, 2, 3])
  assert.equal(clock.slept.length, 50)
})

test('an error that time does not mend ends the loop', async () => {
  const { written, ended } = scene(1, new TypeError('a mistake'))
  await assert.rejects(ended, /a mistake/)
  assert.deepEqual(written, [0, 1])
})

for (const stops of ['in the write', 'before the last try to settle'])
  test(`what was confirmed and could not be settled when it was stopped (${stops}) is told, with the reason`, async () => {
    const clock = manualClock()
    const stop = new AbortController()
    const told: string[] = []
    let tries = 0
    const source: Source<number> = {
      connect: async () => {},
      close: async () => {},
      read: async () => ({
        batch: [1, 2, 3],
        settle: async () => {
          if (++tries === 2) stop.abort(new Error('stopped'))
          throw new FullError('disk full')
        },
      }),
    }
    const sink: Sink<number> = {
      connect: async () => {},
      close: async () => {},
      write: async (batch, signal) => {
        if (stops !== 'in the write') return batch.map(() => delivered)
        stop.abort(new Error('stopped'))
        throw new InterruptedWriteError(asError(signal.reason), [delivered, delivered], 1)
      },
    }
    const onFailure = (error: Error) => told.push(error.message)
    const patient = withPatientSettling(source, { delayMs: 2_000, isPassing: () => true, onFailure }, clock)
    const options = {
      clock,
      reconnectMs: 10,
      onInterrupted: (sent: number, { message }: Error) => told.push(`${sent} again: ${message}`),
      onSettled: (count: number) => told.push(`${count} settled`),
    }
    await run(patient, sink, options, stop.signal)
    const expected =
      stops === 'in the write'
        ? ['1 again: stopped', '2 again: disk full']
        : ['disk full', '3 again: disk full']
    assert.deepEqual(told, expected)
  })

test('what was confirmed beside a record that cannot be buried is settled up to it, and the rest told', async () => {
  const clock = manualClock()
  const told: string[] = []
  const source: Source<number> = {
    connect: async () => {},
    close: async () => {},
    read: async () => ({
      batch: [1, 2, 3],
      settle: async (reason, done) => void told.push(`${done} settled for ${reason?.message}`),
    }),
  }
  const sink: Sink<number> = {
    connect: async () => {},
    close: async () => {},
    write: async () => [delivered, { kind: 'rejected', reason: new Error('no number') }, delivered],
  }
  const bury = async () => {
    throw new TypeError('malformed')
  }
  const onInterrupted = (sent: number, { message }: Error) => told.push(`${sent} again: ${message}`)
  const options = { clock, reconnectMs: 10, onInterrupted }
  const running = run(source, withDeadLetters(sink, bury), options, new AbortController().signal)
  await assert.rejects(running, { name: 'TypeError', message: 'malformed' })
  assert.deepEqual(told, ['1 again: malformed', '1 settled for malformed'])
})
