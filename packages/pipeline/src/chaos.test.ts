import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, seededRandom } from './clock.ts'
import type { Batch, Delivery, Outcome, Sink, Source } from './contract.ts'
import { NotConnectedError } from './contract.ts'
import { withDeadLetters } from './dead-letter.ts'
import { manualClock } from './manual-clock.ts'
import { withRetry } from './retry.ts'
import { run } from './run.ts'

/**
 * Goal: whatever the ends do and whenever the process dies, every record is delivered or buried, none is buried that
 * could have been delivered, and the order of first deliveries is the source's. Method: a log that is an array with a
 * durable cursor, a receiver that disconnects, rejects, throttles, takes half and breaks, and a process that dies
 * between any two steps and starts again from the cursor.
 */

const records = 300
const poison = (record: number) => record % 37 === 5

class CrashError extends Error {}

function cursorSource(durable: { cursor: number }, random: Random): Source<number> {
  return {
    async connect() {
      if (random() < 0.1) throw new Error('the log is not there yet')
    },
    async read(): Promise<Delivery<number> | null> {
      if (durable.cursor >= records) return null
      const length = Math.min(1 + Math.floor(random() * 40), records - durable.cursor)
      const batch = Array.from({ length }, (_, i) => durable.cursor + i) as unknown as Batch<number>
      let settled = false
      return {
        batch,
        async settle(reason) {
          assert.ok(!settled, 'settled twice')
          settled = true
          if (random() < 0.05) throw new CrashError('died before the cursor moved')
          if (!reason) durable.cursor += length
        },
      }
    },
    async close() {},
  }
}

function hostileSink(received: number[], random: Random): Sink<number> {
  return {
    async connect() {
      if (random() < 0.2) throw new Error('connection refused')
    },
    async write(batch) {
      const chance = random()
      if (chance < 0.1) throw new NotConnectedError('refused before anything was sent')
      if (chance < 0.25) {
        received.push(
          ...batch.slice(0, Math.floor(random() * batch.length)).filter(record => !poison(record)),
        )
        throw new Error('connection lost in the middle')
      }
      if (chance < 0.3) throw new CrashError('died while writing')
      return batch.map((record): Outcome => {
        if (poison(record)) return { kind: 'rejected', reason: new Error('unreadable') }
        if (random() < 0.1) return { kind: 'retry', reason: new Error('busy'), afterMs: 5 }
        received.push(record)
        return { kind: 'delivered' }
      })
    },
    async close() {},
  }
}

/** A crash is an error the wrappers must not survive: the process is gone. */
function crashing<T>(sink: Sink<T>): { sink: Sink<T>; crashed: AbortController } {
  const crashed = new AbortController()
  return {
    crashed,
    sink: {
      ...sink,
      async write(batch, signal) {
        try {
          return await sink.write(batch, signal)
        } catch (error) {
          if (error instanceof CrashError) crashed.abort(error)
          throw error
        }
      },
    },
  }
}

async function liveUntilDone(seed: number) {
  const random = seededRandom(seed)
  const clock = manualClock()
  const durable = { cursor: 0 }
  const received: number[] = []
  const buried = new Set<number>()
  for (let life = 0; durable.cursor < records; life++) {
    assert.ok(life < 10_000, 'no progress')
    const { sink, crashed } = crashing(hostileSink(received, random))
    const retried = withRetry(sink, { firstDelayMs: 100, maxDelayMs: 10_000 }, { clock, random })
    const whole = withDeadLetters(retried, async rejected => {
      for (const { record } of rejected) buried.add(record)
    })
    await run(cursorSource(durable, random), whole, { clock, reconnectMs: 10 }, crashed.signal).catch(
      error => {
        if (!(error instanceof CrashError)) throw error
      },
    )
  }
  return { received, buried }
}

test('no record is lost or wrongly buried over 300 seeds of breaking ends and dying processes', async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const { received, buried } = await liveUntilDone(seed)
    const expected = Array.from({ length: records }, (_, i) => i)
    assert.deepEqual(
      [...buried].sort((a, b) => a - b),
      expected.filter(poison),
      `buried, seed ${seed}`,
    )
    const delivered = new Set(received)
    assert.deepEqual(
      [...delivered].sort((a, b) => a - b),
      expected.filter(r => !poison(r)),
      `delivered, seed ${seed}`,
    )
  }
})
