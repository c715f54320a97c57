import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createScrubber } from '@cf-audit-drain/event'
import { emptyWindow, type FoundationWriter } from '@cf-audit-drain/log'
import { manualClock } from '@cf-audit-drain/pipeline'
import { HeldGuids } from './held-guids.ts'
import { buriedMax } from './held-letters.ts'
import { Ledger } from './ledger.ts'
import type { AuditEvents } from './read-segment.ts'
import { Recorder } from './recorder.ts'
import { emptyWriter } from './testing/empty-writer.ts'
import { handSetSource } from './testing/hand-set-source.ts'

const signal = new AbortController().signal
async function rowsOf(...rows: { readonly guid: string; readonly sec: number }[]) {
  const source: AuditEvents = handSetSource([{ rows, total: rows.length }], []).events
  return (await source.auditEvents({ fromSec: 0, page: 1, perPage: 5_000 }, signal)).resources
}
const made = (
  changes: Partial<FoundationWriter>,
  taken: string[],
  unread = [{ fromSec: 0, toSec: 3_000_000 }],
) => {
  const writer = emptyWriter({
    isAtomic: false,
    async publish(entries, _n, _l, { windows = [] } = {}) {
      taken.push(...entries.map(({ guid }) => guid))
      return { published: entries.length, windows }
    },
    ...changes,
  })
  return new Recorder(
    {
      foundation: 'test',
      writer,
      scrubber: createScrubber({ key: Buffer.alloc(32, 7) }),
      clock: manualClock(),
    },
    {
      startSec: 0,
      baselineSec: 0,
      tailFromSec: 3_000_000,
      settledSec: 0,
      unread,
      closedWindows: 0,
      writtenMs: 0,
    },
    3_000_000,
  )
}

test('rows that are recorded while no window may be passed leave few windows in memory', async () => {
  const recorder = made({}, [])
  for (let i = 0; i < 1_000; i++) await recorder.record(await rowsOf({ guid: `g${i}`, sec: i * 300 }))
  assert.ok(recorder.windowsAtHand <= 100, `${recorder.windowsAtHand} windows`)
})

test('an event that is doubled in the log does not keep another one out of it', async () => {
  const taken: string[] = []
  const doubled = [
    { guid: 'a', createdAtSec: 400, offset: 1 },
    { guid: 'a', createdAtSec: 400, offset: 2 },
  ]
  const recorder = made(
    {
      async *places() {
        yield* doubled
      },
      async *guidsOf(windows) {
        if (windows.some(({ fromSec }) => fromSec === 300)) yield* doubled
      },
    },
    taken,
  )
  await recorder.rebuild()
  await recorder.buildLedger(0)
  await recorder.record(await rowsOf({ guid: 'a', sec: 400 }, { guid: 'b', sec: 401 }))
  assert.deepEqual(taken, ['b'])
})

for (const left of [0, 1])
  test(`what a log has lost at its end, ${left} of three left, is recorded again when it is started anew`, async () => {
    const taken: string[] = []
    const inLog = [{ guid: 'a', createdAtSec: 400, offset: 7 }].slice(0, left)
    const recorder = made(
      {
        isAtomic: true,
        async *ledger() {
          yield {
            ...emptyWindow({ fromSec: 300, toSec: 600 }),
            state: 'closed',
            counted: 3,
            held: 3,
            firstOffset: 7,
            lastOffset: 9,
          }
        },
        async *places() {
          yield* inLog
        },
        async *guidsOf(windows) {
          for (const { firstOffset, lastOffset } of windows)
            for (const one of inLog)
              if (one.offset >= (firstOffset ?? 9e9) && one.offset <= (lastOffset ?? -1)) yield one
        },
      },
      taken,
    )
    await recorder.rebuild()
    await recorder.buildLedger(0)
    await recorder.record(await rowsOf(...['a', 'b', 'c'].map(guid => ({ guid, sec: 400 }))))
    assert.deepEqual(taken, ['a', 'b', 'c'].slice(left))
    assert.equal(recorder.ledger.windowOf(400)?.held, 3)
  })

test('windows that are read out of the log for long let go of it as soon as the session ends', async () => {
  const ending = new AbortController()
  const ledger = new Ledger(0)
  ledger.apply(
    [0, 300].map(fromSec => ({
      ...emptyWindow({ fromSec, toSec: fromSec + 300 }),
      held: 1,
      firstOffset: 1,
      lastOffset: 2,
    })),
  )
  const read: number[] = []
  const writer: Pick<FoundationWriter, 'guidsOf'> = {
    async *guidsOf(windows) {
      for (const { fromSec } of windows) {
        read.push(fromSec)
        ending.abort(new Error('the session is over'))
        yield { guid: String(fromSec), createdAtSec: fromSec }
      }
    },
  }
  const held = new HeldGuids(writer as FoundationWriter, ledger, 3_000, ending.signal)
  await assert.rejects(held.hold([0, 300]), /the session is over/)
  assert.deepEqual([read, held.windowsAtHand], [[0], 0])
})

test('windows that are held together are read out of the log in one pass, those at hand not again', async () => {
  const ledger = new Ledger(0)
  const windows = Array.from({ length: 20 }, (_, i) => ({
    ...emptyWindow({ fromSec: i * 300, toSec: i * 300 + 300 }),
    held: i === 7 ? 2 : 1,
    firstOffset: i,
    lastOffset: 9_000,
  }))
  ledger.apply(windows)
  const passes: number[][] = []
  const writer: Pick<FoundationWriter, 'guidsOf'> = {
    async *guidsOf(wanted) {
      passes.push(wanted.map(({ fromSec }) => fromSec / 300))
      for (const { fromSec } of wanted) yield { guid: `g${fromSec}`, createdAtSec: fromSec + 1 }
    },
  }
  const held = new HeldGuids(writer as FoundationWriter, ledger, 300_000)
  const few = await held.hold([5 * 300, 6 * 300])
  const [many, same] = await Promise.all([
    held.hold(windows.map(({ fromSec }) => fromSec)),
    held.hold([8 * 300, 9 * 300]),
  ])
  assert.deepEqual(
    passes.map(pass => pass.length),
    [2, 18],
  )
  for (const { fromSec } of windows) {
    assert.deepEqual([...held.keys({ fromSec, toSec: fromSec + 300 })], [`g${fromSec}`])
    assert.equal(held.isForgotten(fromSec), fromSec === 7 * 300)
  }
  for (const one of [few, many, same]) held.release(one, () => true)
  assert.equal(held.windowsAtHand, 0)
})

/** Of a session that `ending` ends, with a log that never comes to the guids of its one window. */
function findingNothing() {
  const ending = new AbortController()
  const ledger = new Ledger(0)
  ledger.apply([{ ...emptyWindow({ fromSec: 0, toSec: 300 }), held: 1, firstOffset: 1, lastOffset: 2 }])
  const writer: Pick<FoundationWriter, 'guidsOf'> = {
    async *guidsOf() {
      await new Promise(() => undefined)
    },
  }
  const held = new HeldGuids(writer as FoundationWriter, ledger, 3_000, ending.signal)
  return { held, ending }
}

test('nor does the end of the session wait for a pass that finds nothing for long', {
  timeout: 5_000,
}, async () => {
  const { held, ending } = findingNothing()
  const holding = held.hold([0])
  ending.abort(new Error('the session is over'))
  await assert.rejects(holding, /the session is over/)
  assert.equal(held.windowsAtHand, 0)
})

test('a window that holds more than its events knows the keys of its dead letters, and is not forgotten for them', async () => {
  const ledger = new Ledger(0)
  const windows = [
    { ...emptyWindow({ fromSec: 0, toSec: 300 }), held: 2, deadLetters: 1, firstOffset: 1, lastOffset: 1 },
    { ...emptyWindow({ fromSec: 300, toSec: 600 }), held: 1, deadLetters: 1 },
    // As an earlier version wrote one whose dead letter was lost.
    { ...emptyWindow({ fromSec: 600, toSec: 900 }), held: 1, gone: 1 },
    {
      ...emptyWindow({ fromSec: 900, toSec: 1_200 }),
      held: 2,
      deadLetters: 1,
      firstOffset: 1,
      lastOffset: 1,
    },
    { ...emptyWindow({ fromSec: 1_200, toSec: 1_500 }), held: 1, firstOffset: 2, lastOffset: 2 },
    // An operator has removed its dead letter.
    { ...emptyWindow({ fromSec: 1_500, toSec: 1_800 }), held: 1, deadLetters: 1 },
  ]
  ledger.apply(windows)
  const writer: Pick<FoundationWriter, 'guidsOf'> = {
    async *guidsOf(wanted) {
      for (const { fromSec } of wanted)
        if (fromSec === 0 || fromSec === 1_200) yield { guid: `event ${fromSec}`, createdAtSec: fromSec + 1 }
    },
  }
  let asked = 0
  const earlier = async function* () {
    asked++
    for (const sec of [0, 300, 600, 900]) yield { key: `letter ${sec}`, createdAtSec: sec + 2 }
    // A later version could read it: it is in the log as an event, too.
    yield { key: 'event 1200', createdAtSec: 1_201 }
  }
  const held = new HeldGuids(writer as FoundationWriter, ledger, 300_000, null, earlier)
  held.release(await held.hold([1_200]), () => true)
  const all = await held.hold(windows.map(({ fromSec }) => fromSec))
  assert.deepEqual(
    windows.map(window => [[...held.keys(window)], held.isForgotten(window.fromSec)]),
    [
      [['event 0', 'letter 0'], false],
      [['letter 300'], false],
      [['letter 600'], false],
      [['letter 900'], true],
      [['event 1200'], false],
      [[], false],
    ],
  )
  const isLetter = (key: string, n: number) => held.isLetter(key, windows[n] ?? { fromSec: 0, toSec: 0 })
  assert.deepEqual([isLetter('letter 0', 0), isLetter('event 1200', 4), asked], [true, false, 2])
  held.add('letter 0', 2)
  assert.equal(isLetter('letter 0', 0), false, 'it could be read after all')
  held.release(all, () => true)
  assert.equal(isLetter('letter 300', 1), false, 'what is not worked on is not in memory')
  await held.hold([300])
  assert.deepEqual([isLetter('letter 300', 1), asked], [true, 3])
})

test('dead letters that a window has not counted yet do not stand for events that the log has forgotten', async () => {
  const ledger = new Ledger(0)
  const places = { held: 2, firstOffset: 1, lastOffset: 2 }
  const windows = [
    { ...emptyWindow({ fromSec: 0, toSec: 300 }), ...places },
    // They came late, and it was not looked at since.
    { ...emptyWindow({ fromSec: 300, toSec: 600 }), ...places, state: 'closed', counted: 2 } as const,
  ]
  ledger.apply(windows)
  const earlier = async function* () {
    for (const { fromSec } of windows)
      for (const n of [1, 2]) yield { key: `letter ${fromSec} ${n}`, createdAtSec: fromSec + n }
  }
  const held = new HeldGuids(emptyWriter({}), ledger, 300_000, null, earlier)
  await held.hold(windows.map(({ fromSec }) => fromSec))
  assert.deepEqual(
    windows.map(({ fromSec }) => held.isForgotten(fromSec)),
    [true, true],
  )
})

test('of what this session has buried the newest is known, and no more, also what shows no time', () => {
  const held = new HeldGuids(emptyWriter({}), new Ledger(0), 3_000)
  for (let i = 0; i < 2 * buriedMax; i++) held.bury(`letter ${i}`, i % 2 === 0 ? null : i)
  const isKnown = (n: number) => held.wasBuried(`letter ${n}`)
  assert.deepEqual([buriedMax - 1, buriedMax, 2 * buriedMax - 1].map(isKnown), [false, true, true])
})

test('dead letters of the recent past are in memory until it is past', async () => {
  const ledger = new Ledger(0)
  const held = new HeldGuids(emptyWriter({}), ledger, 300)
  held.bury('letter', 310)
  const range = { fromSec: 300, toSec: 600 }
  assert.deepEqual([held.isLetter('letter', range), [...held.keys(range)]], [true, ['letter']])
  assert.deepEqual([...held.keys({ fromSec: 311, toSec: 600 })], [])
  held.forgetBefore(900)
  assert.deepEqual([...held.keys(range)], [])
})

test('at the start those of the recent past are in memory, also of a window that was not looked at, and has not counted them', async () => {
  const ledger = new Ledger(0)
  const at = (n: number) => ({ fromSec: n * 300, toSec: (n + 1) * 300 })
  ledger.apply([{ ...emptyWindow(at(2)), state: 'closed', held: 1, deadLetters: 1 }])
  const guids = async function* () {
    yield { guid: 'event', createdAtSec: 901 }
  }
  const earlier = async function* () {
    for (const sec of [302, 602, 902]) yield { key: `letter ${sec}`, createdAtSec: sec }
    yield { key: 'event', createdAtSec: 901 }
  }
  const held = new HeldGuids(emptyWriter({ guids }), ledger, 600, null, earlier)
  await held.rebuild()
  const keys = [1, 2, 3].map(n => [...held.keys(at(n))])
  assert.deepEqual(keys, [[], ['letter 602'], ['event', 'letter 902']])
  assert.deepEqual([held.has('letter 602', 602), held.isLetter('event', at(3))], [false, false])
})

test('the log is read for dead letters only where it has any', async () => {
  const ledger = new Ledger(0)
  const ranges = [0, 300, 600].map(fromSec => ({ fromSec, toSec: fromSec + 300 }))
  ledger.apply(ranges.map(range => ({ ...emptyWindow(range), held: 1 })))
  let asked = 0
  const earlier = async function* () {
    if (++asked === 1) throw new Error('no answer')
    yield { key: 'letter', createdAtSec: 1 }
  }
  const held = new HeldGuids(emptyWriter({}), ledger, 300_000, null, earlier)
  await assert.rejects(held.hold([0]), /no answer/)
  for (const sec of [300, 0, 600, 300]) held.release(await held.hold([sec]), () => true)
  assert.equal(asked, 3, 'a first time that counts, and for the window that has some')
})

test('nor one that begins to wait for it at the very end', { timeout: 5_000 }, async () => {
  const { held, ending } = findingNothing()
  const first = held.hold([0])
  ending.abort(new Error('the session is over'))
  const second = held.hold([0])
  await assert.rejects(first, /the session is over/)
  await assert.rejects(second, /the session is over/)
  assert.equal(held.windowsAtHand, 0)
})
