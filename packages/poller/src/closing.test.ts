import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createScrubber } from '@cf-audit-drain/event'
import type { LedgerWindow, LogEntry } from '@cf-audit-drain/log'
import { manualClock } from '@cf-audit-drain/pipeline'
import { catchUp } from './catch-up.ts'
import type { Checkpoint } from './checkpoint.ts'
import { pollerDefaults } from './options.ts'
import { Recorder } from './recorder.ts'
import type { ComparedWindow, Session } from './session.ts'
import { pollTail, sweep } from './tail.ts'
import { emptyWriter } from './testing/empty-writer.ts'
import { type Answer, type Given, type HandSetRow, handSetSource } from './testing/hand-set-source.ts'
import { Verifier } from './verify.ts'

/** Goal: what moves a window's end, and what does not. Method: one step at a time over answers that are set by hand. */
const signal = new AbortController().signal
const options = { ...pollerDefaults, foundation: 'test' }

const first: Checkpoint = {
  startSec: 0,
  baselineSec: 600,
  tailFromSec: 600,
  settledSec: 600,
  unread: [],
  closedWindows: 0,
  writtenMs: 0,
}

function scene(
  checkpoint: Checkpoint,
  answers: readonly Given<Answer>[],
  counts: readonly Given<number>[] = [],
) {
  const clock = manualClock()
  const held: LogEntry[] = []
  const ledger = new Map<number, LedgerWindow>()
  const writer = emptyWriter({
    async publish(entries, _next, _letters, { windows = [] } = {}) {
      held.push(...entries)
      for (const window of windows) ledger.set(window.fromSec, window)
      return { published: entries.length, windows }
    },
  })
  const scrubber = createScrubber({ key: Buffer.alloc(32, 7) })
  const recorder = new Recorder({ foundation: 'test', writer, scrubber, clock }, checkpoint, 0)
  const { events, asked } = handSetSource(answers, counts)
  const compared: ComparedWindow[] = []
  const missing: number[] = []
  const session: Session = {
    source: events,
    recorder,
    observer: { compared: window => compared.push(window), missing: (_loop, count) => missing.push(count) },
    nowSec: () => 1_080,
  }
  return { session, recorder, clock, held, ledger, compared, missing, asked }
}

const row = (guid: string, sec: number) => ({ guid, sec })

test('a tail that was read whole passes the windows older than the overlap', async () => {
  const { session, recorder, compared, held } = scene(first, [
    { rows: [row('a', 650), row('b', 1_000)], total: 2 },
  ])
  await pollTail(session, options, signal)
  assert.equal(recorder.checkpoint.tailFromSec, 780)
  assert.deepEqual(compared, [{ fromSec: 600, toSec: 780, shown: 1, heldNotShown: [] }])
  assert.equal(held.length, 2)
})

test('a tail with a row that is counted and not shown passes nothing, keeps what it saw, and says so', async () => {
  const { session, recorder, compared, missing, held } = scene(first, [{ rows: [row('a', 650)], total: 2 }])
  await pollTail(session, options, signal)
  assert.equal(recorder.checkpoint.tailFromSec, 600)
  assert.equal(recorder.checkpoint.closedWindows, 0)
  assert.deepEqual([compared, missing, held.length], [[], [1], 1])
})

test('a window of the catch-up is passed only when it was read whole', async () => {
  const behind = { ...first, tailFromSec: 1_000, unread: [{ fromSec: 100, toSec: 300 }] }
  const { session, recorder, clock, missing, asked } = scene(
    behind,
    [
      { rows: [row('a', 150)], total: 2 },
      { rows: [row('a', 150)], total: 2 },
      { rows: [row('a', 150), row('b', 160)], total: 2 },
    ],
    [2],
  )
  await catchUp(session, clock, signal)
  assert.deepEqual(recorder.checkpoint.unread, [])
  assert.equal(recorder.checkpoint.closedWindows, 1)
  assert.equal(asked.length, 3, 'read again until it agreed')
  assert.deepEqual(missing, [1, 1, 0])
})

test('what is passed short is missed by the ledger from then on, and no longer by the catch-up', async () => {
  const behind = { ...first, tailFromSec: 1_000, unread: [{ fromSec: 0, toSec: 300 }] }
  const one = scene(behind, [{ rows: [row('a', 150)], total: 2 }], [2])
  const slept = { ...one.clock, sleep: async () => undefined }
  await catchUp(one.session, slept, signal)
  assert.deepEqual(one.recorder.checkpoint.unread, [])
  assert.equal(one.ledger.get(0)?.state, 'short')
  assert.equal(one.missing.at(0), 1)
  assert.equal(one.missing.at(-1), 0)
})

test('a sweep settles what it has read whole, and nothing else', async () => {
  const late = { ...first, tailFromSec: 1_000, settledSec: 200 }
  const over = { overMs: 180_000, compare: 'guids' } as const
  const short = scene(late, [{ rows: [row('a', 700)], total: 2 }])
  await sweep(short.session, over, true, signal)
  assert.equal(short.recorder.checkpoint.settledSec, 200)
  assert.equal(short.asked[0]?.fromSec, 200, 'it begins where the last one left off')
  const whole = scene(late, [{ rows: [row('a', 700)], total: 1 }])
  await sweep(whole.session, over, true, signal)
  assert.equal(whole.recorder.checkpoint.settledSec, 900)
})

test('what was shown before a request failed is in the log when the failure is told', async () => {
  const pageFrom = (sec: number): Answer => ({
    rows: Array.from({ length: 5_000 }, (_, i) => row(`guid-${i}`, sec + Math.floor(i / 2_500))),
    total: 9_000,
  })
  const failure = new Error('502')
  const tail = scene(first, [pageFrom(700)], [failure])
  await assert.rejects(pollTail(tail.session, options, signal), failure)
  assert.equal(tail.held.length, 5_000)

  const old = scene({ ...first, unread: [{ fromSec: 100, toSec: 600 }] }, [pageFrom(200)], [9_000, failure])
  await assert.rejects(catchUp(old.session, old.clock, signal), failure)
  assert.equal(old.held.length, 5_000)
  assert.deepEqual([...tail.missing, ...old.missing], [], 'nobody has counted what is missing')
  assert.deepEqual(old.recorder.checkpoint.unread, [{ fromSec: 100, toSec: 600 }])
  assert.equal(tail.recorder.checkpoint.tailFromSec, first.tailFromSec)
})

/** Answers as ever, and in the time between an answer and its coming a row is recorded that it does not show. */
function recordedMeanwhile({ session, recorder }: ReturnType<typeof scene>, late: HandSetRow): Session {
  const { source } = session
  let answers = 0
  return {
    ...session,
    source: {
      ...source,
      auditEvents: async (query, signal) => {
        const page = await source.auditEvents(query, signal)
        if (answers++ === 0) {
          const other = handSetSource([{ rows: [late], total: 1 }]).events
          await recorder.record((await other.auditEvents(query, signal)).resources)
        }
        return page
      },
    },
  }
}

test('what another has recorded while the tail was read is not called gone, though that reading does not show it', async () => {
  const one = scene(first, [{ rows: [row('a', 650)], total: 1 }])
  await pollTail(recordedMeanwhile(one, row('late', 660)), options, signal)
  assert.equal(one.recorder.checkpoint.tailFromSec, 780)
  assert.equal(one.held.length, 2)
  assert.deepEqual(
    [...one.ledger.values()].map(({ state, gone }) => [state, gone]),
    [['open', 0]],
  )
  assert.deepEqual(one.compared, [{ fromSec: 600, toSec: 780, shown: 1, heldNotShown: [] }])
  assert.equal(one.recorder.looks, 0)
})

test('nor what was recorded while the catch-up read its window', async () => {
  const one = scene(
    { ...first, unread: [{ fromSec: 0, toSec: 600 }] },
    [
      { rows: [row('a', 350)], total: 1 },
      { rows: [row('a', 350), row('late', 360)], total: 2 },
    ],
    [2],
  )
  await catchUp(recordedMeanwhile(one, row('late', 360)), one.clock, signal)
  assert.deepEqual(one.recorder.checkpoint.unread, [])
  assert.deepEqual(
    [...one.ledger.values()].filter(({ gone, state }) => gone > 0 || state === 'short'),
    [],
  )
  assert.deepEqual(one.held.map(({ guid }) => guid).toSorted(), ['a', 'late'])
  assert.equal(one.recorder.looks, 0)
})

test('nor what was recorded while a sweep read', async () => {
  const late = { ...first, tailFromSec: 1_000, settledSec: 200 }
  const one = scene(late, [{ rows: [row('a', 700)], total: 1 }])
  await sweep(recordedMeanwhile(one, row('late', 710)), { overMs: 180_000, compare: 'guids' }, true, signal)
  assert.deepEqual([one.compared, one.held.length, one.recorder.looks], [[], 2, 0])
})

test('nor what was recorded while a verification read, nor a dead letter that was buried while the tail was', async () => {
  const one = scene(
    { ...first, unread: [{ fromSec: 0, toSec: 600 }] },
    [{ rows: [row('a', 350)], total: 1 }],
    [1, 2],
  )
  await catchUp(one.session, one.clock, signal)
  const verifier = new Verifier(recordedMeanwhile(one, row('late', 360)), {
    oldestSec: async () => null,
    nowMs: () => one.clock.now(),
    random: () => 0.5,
    pollIntervalMs: 10_000,
  })
  await verifier.verify(signal)
  const numbers = ({ fromSec, held, gone, counted }: LedgerWindow) => [fromSec, held, gone, counted]
  assert.deepEqual(numbers(one.ledger.get(300) ?? assert.fail()), [300, 2, 0, 2])

  const tail = scene(first, [{ rows: [row('a', 650)], total: 1 }])
  await pollTail(recordedMeanwhile(tail, { guid: null, sec: 660 }), options, signal)
  assert.deepEqual(numbers(tail.ledger.get(600) ?? assert.fail()), [600, 2, 0, 2])
  assert.deepEqual([one.recorder.looks, tail.recorder.looks], [0, 0])
})
