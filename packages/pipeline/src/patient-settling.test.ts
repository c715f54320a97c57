import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Batch, delivered, type Sink, type Source } from './contract.ts'
import { manualClock } from './manual-clock.ts'
import { withPatientSettling } from './patient-settling.ts'
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
