import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyWindow, type LedgerQuery, type LedgerWindow } from '../ledger/ledger-window.ts'
import type { LogEntry } from '../ports.ts'
import type { LogUnderTest } from './log-under-test.ts'
import { baseSec, foundation, guidsOf, makeEntries, makeEntry } from './made-up-entries.ts'

/** The ten seconds from the n-th. */
function windowAt(n: number, changes: Partial<LedgerWindow> = {}): LedgerWindow {
  return { ...emptyWindow({ fromSec: baseSec + n * 10, toSec: baseSec + n * 10 + 10 }), ...changes }
}

/** What the ledger keeps, and that it says nothing that the events do not bear out. */
export function ledgerSuite(under: LogUnderTest): void {
  const { reopen, crash, checkpointOf, held } = under
  const ledger = (query: LedgerQuery = {}) => Array.fromAsync(under.log.ledger(query))
  const publish = async (
    entries: readonly LogEntry[],
    windows: readonly LedgerWindow[],
    to: string = foundation,
  ) => {
    const writer = await under.log.writer(to)
    try {
      return (await writer.publish(entries, 'c', [], { windows })).windows
    } finally {
      await writer.close()
    }
  }
  const heldOf = async (...windows: readonly LedgerWindow[]) => {
    const writer = await under.log.writer(foundation)
    try {
      return (await Array.fromAsync(writer.guidsOf(windows))).map(({ guid }) => guid)
    } finally {
      await writer.close()
    }
  }

  test('a window is in the ledger as it was published, with the places of its events', async () => {
    const entries = makeEntries(0, 15)
    const closed = windowAt(0, {
      state: 'closed',
      counted: 10,
      held: 10,
      hidden: 3,
      digest: 'd'.repeat(64),
      checkedAtMs: 5,
    })
    const placed = await publish(entries, [closed, windowAt(1, { held: 5 })])
    assert.ok(placed[0]?.lastOffset === (placed[0]?.firstOffset ?? 0) + 9)
    assert.ok(placed[1]?.firstOffset === (placed[0]?.lastOffset ?? 0) + 1)
    await reopen()
    assert.deepEqual(
      await ledger(),
      placed.map(window => ({ foundation, ...window })),
    )
    assert.deepEqual(placed[0], {
      ...closed,
      firstOffset: placed[0]?.firstOffset,
      lastOffset: placed[0]?.lastOffset,
    })
    const writer = await under.log.writer(foundation)
    assert.deepEqual(await Array.fromAsync(writer.ledger()), placed, 'the writer tells the same')
    await writer.close()
  })

  test('a window without events has no place', async () => {
    await publish(makeEntries(0, 3), [windowAt(4, { state: 'closed', counted: 0 })])
    assert.deepEqual(await ledger(), [{ foundation, ...windowAt(4, { state: 'closed', counted: 0 }) }])
  })

  test('events that come later widen the place of their window, those that were there already do not', async () => {
    const [first] = await publish(makeEntries(0, 5), [windowAt(0, { held: 5 })])
    await publish(makeEntries(20, 5), [])
    assert.ok(first)
    const [same] = await publish(makeEntries(0, 5), [first])
    assert.deepEqual(same, first)
    const [wider] = await publish([makeEntry(7), ...makeEntries(0, 2)], [{ ...first, held: 6 }])
    assert.equal(wider?.firstOffset, first.firstOffset)
    assert.ok((wider?.lastOffset ?? 0) > (first.lastOffset ?? 0) + 5)
    await crash()
    assert.deepEqual(await ledger(), [{ foundation, ...wider }])
  })

  test('the guids of a window are those stamped within it, wherever in its place they lie', async () => {
    const mixed = [makeEntry(3), makeEntry(12), makeEntry(5), makeEntry(9), makeEntry(10)]
    const [window, next] = await publish(mixed, [windowAt(0), windowAt(1)])
    assert.ok(window && next)
    const [late] = await publish([makeEntry(30), makeEntry(0)], [window])
    assert.ok(late)
    const inside = [3, 5, 9, 0].map(i => makeEntry(i))
    assert.deepEqual((await heldOf(late)).toSorted(), [...guidsOf(inside)].sort())
    assert.deepEqual((await heldOf(next)).toSorted(), [...guidsOf([makeEntry(10), makeEntry(12)])].sort())
    assert.deepEqual(await heldOf(windowAt(7)), [])
    const all = [...guidsOf(mixed), makeEntry(0).guid]
    assert.deepEqual(
      (await heldOf(next, late, windowAt(7))).toSorted(),
      all.toSorted(),
      'each once, of several',
    )
    assert.deepEqual(await heldOf(), [])
  })

  test('what is kept of the events of a window is told as it was published', async () => {
    const mixed = [makeEntry(3), makeEntry(12), makeEntry(5, { receivedAtMs: 77 })]
    const [window] = await publish(mixed, [windowAt(0)])
    assert.ok(window)
    await reopen()
    const writer = await under.log.writer(foundation)
    const found = await Array.fromAsync(writer.eventsOf(window))
    await writer.close()
    assert.deepEqual(
      found.map(({ bytes, ...one }) => ({ ...one, text: Buffer.from(bytes ?? []).toString() })),
      [mixed[0], mixed[2]].map(entry => ({
        guid: entry?.guid,
        createdAtSec: entry?.createdAtSec,
        receivedAtMs: entry?.receivedAtMs,
        text: Buffer.from(entry?.bytes ?? []).toString(),
      })),
    )
  })

  test('an event that is published without a window is in the log and in no window, though it is stamped within one', async () => {
    const own = makeEntry(4, {
      guid: 'cfad3c52-6b1e-8d3c-8f6e-0c1d2e3f4a5b',
      type: 'cf-audit-drain.source.event-missing',
    })
    const [window] = await publish([makeEntry(3)], [windowAt(0, { held: 1 })])
    assert.ok(window)
    assert.equal(await under.publish([own]), 1)
    assert.equal(await under.publish([own]), 0, 'told again it is the same')
    await crash()
    assert.equal(await under.publish([own]), 0, 'also by another process')
    assert.deepEqual(await ledger(), [{ foundation, ...window }])
    assert.deepEqual(await held(), [makeEntry(3).guid, own.guid])
    assert.equal((await under.log.tallies()).find(({ type }) => type === own.type)?.count, 1)
    const writer = await under.log.writer(foundation)
    const places = await Array.fromAsync(writer.places(baseSec))
    assert.deepEqual(new Set(places.map(({ guid }) => guid)), new Set(await held()))
    await writer.close()
  })

  test('a publish that fails changes no window', async () => {
    const [before] = await publish(makeEntries(0, 2), [windowAt(0, { held: 2 })])
    const writer = await under.log.writer(foundation)
    const after = windowAt(0, { held: 9, state: 'closed' })
    await assert.rejects(
      writer.publish([...makeEntries(2, 2), under.unstorable], 'after', [], {
        windows: [after, windowAt(1)],
      }),
    )
    await writer.close()
    await crash()
    assert.deepEqual(await ledger(), [{ foundation, ...before }])
    assert.equal(await checkpointOf(foundation), 'c')
    assert.deepEqual(await held(), guidsOf(makeEntries(0, 2)))
  })

  test('after a publish was answered for, the ledger has counted all its events, whatever comes then', async () => {
    await publish(makeEntries(0, 5), [windowAt(0, { held: 5 })])
    await publish(makeEntries(5, 2), [windowAt(0, { held: 7 })])
    await crash()
    const writer = await under.log.writer(foundation)
    assert.deepEqual(await Array.fromAsync(writer.uncounted()), [])
    assert.equal(typeof writer.isAtomic, 'boolean')
    await writer.close()
  })

  test('a log of which nothing was removed says that it has forgotten nothing', async () => {
    const forgotten = async () => {
      const writer = await under.log.writer(foundation)
      const upToMs = await writer.forgottenUpToMs()
      await writer.close()
      return upToMs
    }
    assert.equal(await forgotten(), null)
    await publish(makeEntries(0, 20), [windowAt(0, { held: 10 }), windowAt(1, { held: 10 })])
    assert.equal(await forgotten(), null)
    await crash()
    assert.equal(await forgotten(), null)
  })

  test('windows are found by foundation and time, oldest first', async () => {
    await publish([], [windowAt(2), windowAt(0)])
    await publish([], [windowAt(1)])
    await publish([], [windowAt(1)], 'another')
    const starts = async (query: LedgerQuery) =>
      (await ledger(query)).map(({ foundation: name, fromSec }) => `${name} ${(fromSec - baseSec) / 10}`)
    assert.deepEqual(await starts({}), ['another 1', 'lab 0', 'lab 1', 'lab 2'])
    assert.deepEqual(await starts({ foundation }), ['lab 0', 'lab 1', 'lab 2'])
    assert.deepEqual(await starts({ foundation, fromSec: baseSec + 10 }), ['lab 1', 'lab 2'])
    assert.deepEqual(await starts({ foundation, fromSec: baseSec + 9 }), ['lab 0', 'lab 1', 'lab 2'])
    assert.deepEqual(await starts({ foundation, toSec: baseSec + 20 }), ['lab 0', 'lab 1'])
  })

  test('more windows than are read at a time come whole, the newest word of each', async () => {
    const many = Array.from({ length: 4_500 }, (_, n) => windowAt(n))
    await publish([], many)
    await publish([], [windowAt(4_321, { state: 'short', counted: 1 })])
    const found = await ledger()
    assert.equal(found.length, 4_500)
    assert.deepEqual(
      found.filter(({ state }) => state !== 'open').map(({ fromSec }) => fromSec),
      [windowAt(4_321).fromSec],
    )
  })
}
