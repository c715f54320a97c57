import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createScrubber, splitEventPage } from '@cf-audit-drain/event'
import { emptyWindow, type FoundationWriter, type LedgerWindow } from '@cf-audit-drain/log'
import { manualClock } from '@cf-audit-drain/pipeline'
import type { Checkpoint } from './checkpoint.ts'
import type { EarlierLetters } from './held-letters.ts'
import type { AuditEvents } from './read-segment.ts'
import { Recorder, type RecorderDeps } from './recorder.ts'
import { emptyWriter } from './testing/empty-writer.ts'
import { handSetSource } from './testing/hand-set-source.ts'

/** Goal: what the recorder keeps at hand, and who waits for whom. Method: a log that is set by hand. */
const checkpoint: Checkpoint = {
  startSec: 0,
  baselineSec: 0,
  tailFromSec: 30_000,
  settledSec: 0,
  unread: [],
  closedWindows: 0,
  writtenMs: 0,
}
const signal = new AbortController().signal
const old: LedgerWindow = {
  ...emptyWindow({ fromSec: 300, toSec: 600 }),
  state: 'closed',
  counted: 1,
  held: 1,
  firstOffset: 1,
  lastOffset: 9_000_000,
}

const noLetters: EarlierLetters = async function* () {}

async function scene(changes: Partial<FoundationWriter> = {}, deps: Partial<RecorderDeps> = {}) {
  const taken: string[] = []
  const written = new Map<number, LedgerWindow>()
  /** How many at once, and how many of these were too large. */
  const buried: (readonly [number, number])[] = []
  const writer = emptyWriter({
    async *guidsOf(windows) {
      if (windows.some(({ fromSec }) => fromSec === 300)) yield { guid: 'held', createdAtSec: 400 }
    },
    async *ledger() {
      yield old
    },
    async publish(entries, _next, _letters, { windows = [] } = {}) {
      taken.push(...entries.map(({ guid }) => guid))
      for (const window of windows) written.set(window.fromSec, window)
      return { published: entries.length, windows }
    },
    ...changes,
  })
  const scrubber = createScrubber({ key: Buffer.alloc(32, 7) })
  const recorder = new Recorder(
    {
      foundation: 'test',
      writer,
      scrubber,
      clock: manualClock(),
      onBuried: (count, tooLarge) => buried.push([count, tooLarge]),
      earlierLetters: noLetters,
      ...deps,
    },
    checkpoint,
    20_000,
  )
  await recorder.rebuild()
  return { recorder, taken, written, buried }
}

async function rowsOf(...rows: { readonly guid: string; readonly sec: number }[]) {
  const source: AuditEvents = handSetSource([{ rows, total: rows.length }], []).events
  return (await source.auditEvents({ fromSec: 0, page: 1, perPage: 5_000 }, signal)).resources
}

test('while an old window is read out of the log, what is recent is recorded', async () => {
  const far = Promise.withResolvers<void>()
  const { recorder, taken } = await scene({
    async *guidsOf() {
      await far.promise
      yield { guid: 'held', createdAtSec: 400 }
    },
  })
  const slow = recorder.record(await rowsOf({ guid: 'held', sec: 400 }, { guid: 'late', sec: 401 }))
  await recorder.record(await rowsOf({ guid: 'live', sec: 29_000 }))
  assert.deepEqual(taken, ['live'])
  far.resolve()
  assert.equal(await slow, 1)
  assert.deepEqual(taken, ['live', 'late'], 'and what the window held was known by then')
})

test('a window that was looked at and holds nothing new is no longer in memory', async () => {
  const { recorder, taken } = await scene()
  const rows = await rowsOf({ guid: 'held', sec: 400 })
  assert.equal(await recorder.record(rows), 0)
  const range = { fromSec: 300, toSec: 600 }
  const look = recorder.look(range).add({
    fromSec: 300,
    toSec: 600,
    rows,
    complete: true,
    missing: 0,
  })
  for (let i = 0; i < 3; i++) await recorder.record([], now => now, look.made())
  assert.deepEqual([taken, recorder.windowsAtHand], [[], 0])
})

test('what was made ahead of its turn is recorded as it was made, and a task is met when its event is recorded', async () => {
  const met: string[] = []
  const tasks = { met: ({ guid }: { readonly guid: string }) => met.push(guid), takeChanges: () => [] }
  const bytes = new Map<string, Uint8Array>()
  const clock = manualClock()
  const madeMs = clock.now()
  const receivedMs = new Set<number>()
  const { recorder, taken } = await scene(
    {
      async *guidsOf(windows) {
        if (windows.some(({ fromSec }) => fromSec === 300)) yield { guid: 'held', createdAtSec: 400 }
      },
      async publish(entries, _next, _letters, { windows = [] } = {}) {
        for (const entry of entries) {
          bytes.set(entry.guid, entry.bytes)
          receivedMs.add(entry.receivedAtMs)
        }
        taken.push(...entries.map(({ guid }) => guid))
        return { published: entries.length, windows }
      },
    },
    { tasks, clock },
  )
  const many = Array.from({ length: 600 }, (_, i) => ({ guid: `new-${i}`, sec: 401 + (i % 100) }))
  const rows = await rowsOf({ guid: 'held', sec: 400 }, ...many)
  await recorder.makeAhead(rows)
  assert.deepEqual([taken, met], [[], []], 'nothing is recorded yet')
  await clock.sleep(5_000)
  assert.equal(await recorder.record(rows), many.length)
  const guids = many.map(({ guid }) => guid)
  assert.deepEqual([taken, met], [guids, guids], 'what was held is left out, though it was made')
  assert.deepEqual([...receivedMs], [madeMs], 'and the others were not made again')

  const other = await scene({
    async publish(entries) {
      for (const { guid, bytes: plain } of entries)
        if (guid !== 'held') assert.deepEqual(bytes.get(guid), plain)
      return { published: entries.length, windows: [] }
    },
  })
  await other.recorder.record(rows)
})

test('guids are forgotten in their turn: a row that is being recorded is not taken twice', async () => {
  const reads: number[] = []
  const { recorder, taken } = await scene({
    async *guidsOf(windows) {
      reads.push(...windows.map(({ fromSec }) => fromSec))
      yield { guid: 'live', createdAtSec: 21_000 }
    },
  })
  const rows = await rowsOf({ guid: 'live', sec: 21_000 })
  await recorder.record(rows)
  const again = recorder.record(rows)
  const forgotten = recorder.forgetBefore(25_000)
  const later = recorder.record(rows)
  await Promise.all([again, forgotten, later])
  assert.deepEqual(taken, ['live'])
  assert.deepEqual(reads, [21_000], 'it is read out of the log once it is not remembered')
})

test('an event that the log buries is a dead letter of its window, counted when the window is looked at, and once', async () => {
  const takesAll = await scene()
  const large: FoundationWriter['publish'] = async (entries, _next, _letters, beside = {}) => {
    const buried = new Set(entries.map(({ guid }) => guid).filter(guid => guid === 'large'))
    const windows = (buried.size > 0 ? beside.windowsWithout?.(buried) : beside.windows) ?? []
    for (const window of windows) takesAll.written.set(window.fromSec, window)
    return { published: entries.length - buried.size, windows, buried }
  }
  const rows = await rowsOf({ guid: 'large', sec: 700 }, { guid: 'small', sec: 701 })
  const range = { fromSec: 600, toSec: 900 }
  const numbers = () => {
    const { held, deadLetters, counted, state } = takesAll.written.get(600) ?? emptyWindow(range)
    return { held, deadLetters, counted, state }
  }
  const small = {
    publish: large,
    async *guidsOf() {
      yield { guid: 'small', createdAtSec: 701 }
    },
  }
  const { recorder, buried } = await scene(small)
  await recorder.record(rows)
  assert.deepEqual(numbers(), { held: 1, deadLetters: 0, counted: null, state: 'open' })
  assert.deepEqual(buried, [[1, 1]])
  const looked = { fromSec: 600, toSec: 900, rows, complete: true, missing: 0 }
  await recorder.record(rows, now => now, recorder.look(range).add(looked).made())
  assert.deepEqual(numbers(), { held: 2, deadLetters: 1, counted: 2, state: 're-checked' })
  // Another process: it meets the row again, and the log refuses it again.
  const ledger = async function* () {
    yield* takesAll.written.values()
  }
  const restarted = await scene(
    { ...small, ledger },
    {
      earlierLetters: async function* () {
        yield { key: 'large', createdAtSec: 700 }
      },
    },
  )
  await restarted.recorder.record(rows)
  const look = restarted.recorder.look(range).add(looked)
  await restarted.recorder.record([], now => now, look.made())
  assert.deepEqual(numbers(), { held: 2, deadLetters: 1, counted: 2, state: 're-checked' })
})

test('a row that cannot be read is buried once in a session, also where it shows no time or its window is no longer in memory', async () => {
  const page = (created_at: string | null) =>
    JSON.stringify({
      pagination: { total_results: 1 },
      resources: [{ guid: `odd ${created_at}`, created_at }],
    })
  const { recorder, buried } = await scene()
  for (const createdAt of [null, '1970-01-01T00:11:40Z']) {
    const { resources } = splitEventPage(page(createdAt))
    for (let times = 0; times < 3; times++) await recorder.record(resources)
  }
  assert.deepEqual(
    [buried, recorder.windowsAtHand],
    [
      [
        [1, 0],
        [1, 0],
      ],
      0,
    ],
  )
})

test('a row that can be read now, as a dead letter of an earlier version could not, is none of its window any more', async () => {
  const range = { fromSec: 600, toSec: 900 }
  const ledger = async function* () {
    yield { ...emptyWindow(range), state: 'closed', counted: 1, held: 1, deadLetters: 1 } as const
  }
  const { recorder, written, taken } = await scene(
    { ledger },
    {
      earlierLetters: async function* () {
        yield { key: 'late', createdAtSec: 700 }
      },
    },
  )
  const rows = await rowsOf({ guid: 'late', sec: 700 })
  const looked = { ...range, rows, complete: true, missing: 0 }
  await recorder.record(rows, now => now, recorder.look(range).add(looked).made())
  const { held, deadLetters, counted, gone } = written.get(600) ?? emptyWindow(range)
  assert.deepEqual(
    { taken, held, deadLetters, counted, gone },
    { taken: ['late'], held: 1, deadLetters: 0, counted: 1, gone: 0 },
  )
})
