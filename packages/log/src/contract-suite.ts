import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { type Random, type Source, seededRandom } from '@cf-audit-drain/pipeline'
import type { DeadLetter, EventLog, LogEntry, LogRecord, RetentionPolicy } from './ports.ts'

/** One durable log under test, and the power to pull the plug on whoever has it open. */
export interface LogHarness {
  /** Opens the one log of this harness, new at first, for writing. */
  open(): Promise<EventLog>
  /**
   * What a kill -9 does to the process that has `log` open: nothing is closed or flushed, and its locks are gone.
   * `log` is not used after. The next `open` finds what the kill left.
   */
  crash(log: EventLog): Promise<void>
  /** An entry the adapter begins to store and fails on, after those before it in the batch. */
  readonly unstorable: LogEntry
  /** Closes what is open and removes the log. */
  dispose(): Promise<void>
}

const baseSec = 1_770_000_000
const dayMs = 86_400_000
const foundation = 'lab'
const longDeadlineMs = 10_000

/** Registers what every adapter of the log promises, as tests of node:test. */
export function logContractSuite(name: string, makeHarness: () => Promise<LogHarness>): void {
  describe(`${name} keeps the contract of the log`, () => {
    let harness: LogHarness
    let log: EventLog

    beforeEach(async () => {
      harness = await makeHarness()
      log = await harness.open()
    })
    afterEach(async () => {
      await harness.dispose()
    })

    async function reopen(): Promise<void> {
      await log.close()
      log = await harness.open()
    }
    async function crash(): Promise<void> {
      await harness.crash(log)
      log = await harness.open()
    }
    async function publish(entries: readonly LogEntry[], checkpoint = 'c', to = foundation): Promise<number> {
      const writer = await log.writer(to)
      try {
        return (await writer.publish(entries, checkpoint)).published
      } finally {
        await writer.close()
      }
    }
    async function checkpointOf(of: string): Promise<string | null> {
      const writer = await log.writer(of)
      await writer.close()
      return writer.checkpoint
    }
    async function held(query = {}): Promise<readonly string[]> {
      return (await all(log.events(query))).map(record => record.guid)
    }

    test('a new log has no checkpoint, no events, no sinks and no tallies', async () => {
      assert.equal(await checkpointOf(foundation), null)
      assert.deepEqual(await held(), [])
      assert.deepEqual(await log.positions(), [])
      assert.deepEqual(await log.tallies(), [])
      assert.deepEqual(await log.deadLetters(10), [])
    })

    test('what was published is there after a restart, byte for byte, with its checkpoint', async () => {
      const entries = makeEntries(0, 5)
      await publish(entries, '{"through":1}')
      await reopen()
      assert.equal(await checkpointOf(foundation), '{"through":1}')
      const records = await all(log.events({}))
      assert.deepEqual(
        records.map(record => [record.foundation, record.guid, Buffer.from(record.bytes).toString('hex')]),
        entries.map(entry => [foundation, entry.guid, Buffer.from(entry.bytes).toString('hex')]),
      )
    })

    test('what was acknowledged is there after a crash, events and checkpoint together', async () => {
      await publish(makeEntries(0, 3), 'first')
      await publish(makeEntries(3, 3), 'second')
      await crash()
      assert.equal(await checkpointOf(foundation), 'second')
      assert.deepEqual(await held(), guidsOf(makeEntries(0, 6)))
    })

    test('a guid is kept once: within a batch, in a later batch, after a restart and after a crash', async () => {
      const [one, two, three] = makeEntries(0, 3) as [LogEntry, LogEntry, LogEntry]
      assert.equal(await publish([one, two, { ...one, bytes: bytesOf('other') }]), 2)
      assert.equal(await publish([two, three]), 1)
      await reopen()
      assert.equal(await publish([one, two, three]), 0)
      await crash()
      assert.equal(await publish([three, one]), 0)
      const records = await all(log.events({}))
      assert.deepEqual(
        records.map(record => record.guid),
        guidsOf([one, two, three]),
      )
      assert.deepEqual(
        Buffer.from(records[0]?.bytes ?? []),
        Buffer.from(one.bytes),
        'the first one stays as it was',
      )
    })

    test('a duplicate is recognised by its guid alone, whatever else about it changed', async () => {
      const [entry] = makeEntries(0, 1) as [LogEntry]
      await publish([entry])
      const changed = {
        ...entry,
        type: 'audit.app.delete-request',
        createdAtSec: baseSec + 999,
        provenance: 'replay',
      } as const
      assert.equal(await publish([changed]), 0)
    })

    test('the same guid in two foundations is two events', async () => {
      await publish(makeEntries(0, 2), 'a', 'east')
      assert.equal(await publish(makeEntries(0, 2), 'b', 'west'), 2)
      assert.deepEqual(
        (await all(log.events({ foundation: 'west' }))).map(record => record.foundation),
        ['west', 'west'],
      )
      assert.equal(await checkpointOf('east'), 'a')
      assert.equal(await checkpointOf('west'), 'b')
    })

    test('guids that are no UUID, or nearly one, are kept as they are and apart', async () => {
      const uuid = '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9'
      const guids = [
        uuid,
        uuid.toUpperCase(),
        uuid.replaceAll('-', ''),
        uuid.replaceAll('-', '_'),
        `${uuid.slice(0, 35)}g`,
        `${uuid} `,
        'system',
        'Grüße-日本-🚀',
        'with\0nul',
        'with',
        "'; DROP TABLE events; --",
      ]
      const entries = guids.map((guid, i) => makeEntry(i, { guid }))
      assert.equal(await publish(entries), guids.length)
      assert.equal(await publish(entries), 0)
      assert.deepEqual(await held(), guids)
    })

    test('a publish without entries moves the checkpoint', async () => {
      assert.equal(await publish([], 'moved'), 0)
      await crash()
      assert.equal(await checkpointOf(foundation), 'moved')
    })

    test('a publish that fails half way leaves nothing behind, and its writer is out of service', async () => {
      await publish(makeEntries(0, 2), 'before')
      const writer = await log.writer(foundation)
      await assert.rejects(writer.publish([...makeEntries(2, 2), harness.unstorable], 'after', [letter('x')]))
      await assert.rejects(writer.publish([], 'again'), /out of service|closed/)
      await writer.close()
      assert.equal(await checkpointOf(foundation), 'before')
      assert.deepEqual(await held(), guidsOf(makeEntries(0, 2)))
      assert.deepEqual(await log.deadLetters(10), [])
      assert.equal(sum(await log.tallies()), 2)
      assert.equal(
        await publish(makeEntries(0, 4), 'after'),
        2,
        'a new writer goes on, and knows what is there',
      )
      assert.deepEqual(await held(), guidsOf(makeEntries(0, 4)))
    })

    test('a checkpoint of 4,000 bytes is taken, one more is an error', async () => {
      await publish([], 'é'.repeat(2_000))
      await assert.rejects(publish(makeEntries(0, 1), `${'é'.repeat(2_000)}.`), /4001 bytes/)
      assert.equal(await checkpointOf(foundation), 'é'.repeat(2_000))
      assert.deepEqual(await held(), [])
    })

    test('a foundation has one writer at a time', async () => {
      const first = await log.writer(foundation)
      await assert.rejects(log.writer(foundation), /writer/)
      const other = await log.writer('another')
      await first.close()
      await first.close()
      await assert.rejects(first.publish([], 'x'), /closed/)
      const second = await log.writer(foundation)
      await second.publish([], 'y')
      await second.close()
      await other.close()
    })

    test('the guids of the last while are listed oldest first, with their second', async () => {
      const entries = [5, 1, 3, 1, 9].map((second, i) => makeEntry(i, { createdAtSec: baseSec + second }))
      await publish(entries)
      await publish(makeEntries(0, 2), 'c', 'another')
      const writer = await log.writer(foundation)
      const listed = await all(writer.guids(baseSec + 3))
      assert.deepEqual(
        listed,
        [2, 0, 4].map(i => ({ guid: entries[i]?.guid, createdAtSec: entries[i]?.createdAtSec })),
      )
      await writer.close()
    })

    test('the listing of guids is complete and without repetition when there are many', async () => {
      const entries = makeEntries(0, 12_000).map((entry, i) => ({
        ...entry,
        createdAtSec: baseSec + (i % 7),
      }))
      await publish(entries)
      const writer = await log.writer(foundation)
      const guids = (await all(writer.guids(0))).map(row => row.guid)
      assert.deepEqual(guids.toSorted(), guidsOf(entries).toSorted())
      await writer.close()
    })

    test('a sink reads every record in order, in batches no larger than asked for', async () => {
      await publish(makeEntries(0, 7))
      const source = await connect(log, 'siem', 3)
      const batches: string[][] = []
      const offsets: number[] = []
      while (batches.flat().length < 7) {
        const delivery = await take(source)
        assert(delivery.batch.length <= 3)
        batches.push(delivery.batch.map(record => record.guid))
        offsets.push(...delivery.batch.map(record => record.offset))
        await delivery.settle()
      }
      assert.deepEqual(batches.flat(), guidsOf(makeEntries(0, 7)))
      assert.deepEqual(
        offsets,
        [...new Set(offsets)].toSorted((a, b) => a - b),
        'offsets grow',
      )
      await source.close()
    })

    test('a delivery that failed comes again, the same', async () => {
      await publish(makeEntries(0, 4))
      const source = await connect(log, 'siem', 2)
      const first = await take(source)
      await first.settle(new Error('the receiver is down'))
      await publish(makeEntries(4, 2))
      const again = await take(source)
      assert.deepEqual(
        again.batch.map(record => record.guid),
        first.batch.map(record => record.guid),
      )
      await again.settle()
      assert.deepEqual(
        (await take(source)).batch.map(record => record.guid),
        guidsOf(makeEntries(2, 2)),
      )
      await source.close()
    })

    test('a settled cursor survives restart and crash; an unsettled delivery comes again', async () => {
      await publish(makeEntries(0, 6))
      const before = await connect(log, 'siem', 2)
      await (await take(before)).settle()
      await take(before)
      await crash()
      const after = await connect(log, 'siem', 2)
      const delivery = await take(after)
      assert.deepEqual(
        delivery.batch.map(record => record.guid),
        guidsOf(makeEntries(2, 2)),
      )
      await delivery.settle()
      await after.close()
      await reopen()
      const last = await connect(log, 'siem', 10)
      assert.deepEqual(
        (await take(last)).batch.map(record => record.guid),
        guidsOf(makeEntries(4, 2)),
      )
      await last.close()
    })

    test('every sink has its own cursor, and a new one begins at the beginning', async () => {
      await publish(makeEntries(0, 3))
      const fast = await connect(log, 'fast', 10)
      await (await take(fast)).settle()
      const slow = await connect(log, 'slow', 1)
      await (await take(slow)).settle()
      const late = await connect(log, 'late', 10)
      assert.deepEqual(
        (await take(late)).batch.map(record => record.guid),
        guidsOf(makeEntries(0, 3)),
      )
      const positions = await log.positions()
      assert.deepEqual(positions.map(({ sink, lag }) => [sink, lag]).toSorted(), [
        ['fast', 0],
        ['late', 3],
        ['slow', 2],
      ])
      for (const source of [fast, slow, late]) await source.close()
    })

    test('one sink has one source at a time', async () => {
      const first = await connect(log, 'siem', 1)
      await assert.rejects(connect(log, 'siem', 1), /siem/)
      await first.close()
      await (await connect(log, 'siem', 1)).close()
    })

    test('a position names the oldest record the sink has not had', async () => {
      await publish(makeEntries(0, 3))
      const source = await connect(log, 'siem', 2)
      const delivery = await take(source)
      assert.equal((await log.positions())[0]?.oldestUndeliveredMs, makeEntry(0).receivedAtMs)
      await delivery.settle()
      assert.equal((await log.positions())[0]?.oldestUndeliveredMs, makeEntry(2).receivedAtMs)
      await (await take(source)).settle()
      assert.equal((await log.positions())[0]?.oldestUndeliveredMs, null)
      await source.close()
    })

    test('a waiting read is woken by a publish, and every waiting sink is', async () => {
      const sources = [await connect(log, 'one', 10), await connect(log, 'two', 10)]
      const waiting = sources.map(take)
      await publish(makeEntries(0, 1))
      for (const delivery of await Promise.all(waiting)) {
        assert.deepEqual(
          delivery.batch.map(record => record.guid),
          guidsOf(makeEntries(0, 1)),
        )
        await delivery.settle()
      }
      for (const source of sources) await source.close()
    })

    test('a waiting read is ended by its signal with the reason, and another read goes on', async () => {
      const source = await connect(log, 'siem', 10)
      const controller = new AbortController()
      const waiting = source.read(controller.signal)
      controller.abort(new Error('enough'))
      await assert.rejects(waiting, /enough/)
      await assert.rejects(source.read(controller.signal), /enough/)
      await publish(makeEntries(0, 1))
      assert.equal((await take(source)).batch.length, 1)
      await source.close()
    })

    test('a waiting read ends with null when its source or the log is closed', async () => {
      const source = await connect(log, 'one', 10)
      const waiting = source.read(new AbortController().signal)
      await source.close()
      await source.close()
      assert.equal(await waiting, null)
      const other = await connect(log, 'two', 10)
      const alsoWaiting = other.read(new AbortController().signal)
      await log.close()
      await log.close()
      assert.equal(await alsoWaiting, null)
      await other.close()
    })

    test('to read before settling, or to settle twice, is a fault of the program', async () => {
      await publish(makeEntries(0, 2))
      const source = await connect(log, 'siem', 1)
      const delivery = await take(source)
      await assert.rejects(take(source), /settled/)
      await delivery.settle()
      await assert.rejects(delivery.settle(), /twice/)
      await source.close()
    })

    test('a source that is not connected says so, and is closed safely', async () => {
      const source = log.source('siem', { batchMax: 1 })
      await assert.rejects(source.read(new AbortController().signal), { name: 'NotConnectedError' })
      await source.close()
    })

    test('a dead letter is buried once, and kept byte for byte', async () => {
      await log.bury([letter('a'), letter('b'), letter('a', { reason: 'said again' })])
      const writer = await log.writer(foundation)
      await writer.publish([], 'c', [letter('b'), letter('c', { origin: 'poller' })])
      await writer.close()
      await crash()
      const letters = await log.deadLetters(10)
      assert.deepEqual(letters.map(({ key, reason }) => [key, reason]).toSorted(), [
        ['a', 'why'],
        ['b', 'why'],
        ['c', 'why'],
      ])
      assert.deepEqual(letters.map(({ key, raw }) => [key, Buffer.from(raw).toString()]).toSorted()[0], [
        'a',
        'raw a',
      ])
      assert.equal((await log.deadLetters(2)).length, 2)
      assert.deepEqual(
        (await log.deadLetterCounts()).map(({ origin, count }) => [origin, count]).toSorted(),
        [
          ['poller', 1],
          ['siem', 2],
        ],
      )
    })

    test('a dead letter may be empty', async () => {
      await log.bury([letter('a', { raw: new Uint8Array() })])
      assert.equal((await log.deadLetters(1))[0]?.raw.length, 0)
    })

    test('tallies count what is new, by type and provenance, and outlive restart and crash', async () => {
      const entries = [
        makeEntry(0, { type: 'a', provenance: 'backfill' }),
        makeEntry(1, { type: 'a', createdAtSec: baseSec + 50 }),
        makeEntry(2, { type: 'a', createdAtSec: baseSec + 20 }),
        makeEntry(3, { type: 'b' }),
      ]
      await publish(entries)
      await publish(entries)
      await crash()
      await publish([makeEntry(4, { type: 'b' })])
      await reopen()
      const tallies = (await log.tallies()).map(tally => [
        tally.type,
        tally.provenance,
        tally.count,
        tally.lastCreatedAtSec,
      ])
      assert.deepEqual(tallies.toSorted(), [
        ['a', 'backfill', 1, baseSec],
        ['a', 'live', 2, baseSec + 50],
        ['b', 'live', 2, baseSec + 4],
      ])
      const newest = (await log.tallies()).find(tally => tally.type === 'b')
      assert.equal(newest?.lastReceivedAtMs, makeEntry(4).receivedAtMs)
    })

    test('looking into the log filters by foundation and time, in either direction', async () => {
      await publish(makeEntries(0, 4))
      await publish(makeEntries(10, 1), 'c', 'another')
      assert.deepEqual(await held({ foundation }), guidsOf(makeEntries(0, 4)))
      assert.deepEqual(await held({ foundation, newestFirst: true }), guidsOf(makeEntries(0, 4)).toReversed())
      assert.deepEqual(await held({ sinceSec: baseSec + 3 }), guidsOf([makeEntry(3), makeEntry(10)]))
      assert.deepEqual(await held({ foundation: 'nowhere' }), [])
      assert.deepEqual(await held({ sinceSec: baseSec + 1_000 }), [])
    })

    test('looking into the log goes on while it is written, and comes to an end', async () => {
      await publish(makeEntries(0, 3_000))
      const seen: string[] = []
      for await (const record of log.events({})) {
        seen.push(record.guid)
        if (seen.length % 1_000 === 1) await publish(makeEntries(3_000 + seen.length, 10))
      }
      assert.deepEqual(seen.slice(0, 3_000), guidsOf(makeEntries(0, 3_000)))
    })

    describe('retention', () => {
      const old: RetentionPolicy = { maxAgeMs: dayMs, forgetGuidsAfterSec: 31 * 86_400 }
      const laterMs = baseSec * 1_000 + 5 * dayMs
      const muchLaterMs = baseSec * 1_000 + 60 * dayMs

      async function pruneAll(policy: RetentionPolicy, nowMs: number): Promise<number> {
        let pruned = 0
        for (let calls = 0; calls < 1_000; calls++) {
          const step = (await log.prune(policy, nowMs)).pruned
          pruned += step
          if (step === 0) return pruned
        }
        return assert.fail('prune never comes to an end')
      }
      async function deliver(sink: string, count: number): Promise<void> {
        const source = await connect(log, sink, count)
        await (await take(source)).settle()
        await source.close()
      }

      test('nothing goes while no sink is registered', async () => {
        await publish(makeEntries(0, 5))
        assert.equal(await pruneAll({ ...old, maxBytes: 1 }, muchLaterMs), 0)
        assert.equal((await held()).length, 5)
      })

      test('nothing goes that the slowest sink has not had, and it gets all of it', async () => {
        await publish(makeEntries(0, 10))
        await deliver('fast', 10)
        await deliver('slow', 4)
        assert.equal(await pruneAll({ ...old, maxBytes: 1 }, muchLaterMs), 4)
        assert.deepEqual(await held(), guidsOf(makeEntries(4, 6)))
        const slow = await connect(log, 'slow', 10)
        assert.deepEqual(
          (await take(slow)).batch.map(record => record.guid),
          guidsOf(makeEntries(4, 6)),
        )
        await slow.close()
      })

      test('a sink that has only connected holds everything back', async () => {
        await publish(makeEntries(0, 3))
        await deliver('fast', 3)
        await (await connect(log, 'new', 1)).close()
        assert.equal(await pruneAll(old, muchLaterMs), 0)
      })

      test('only what is older than the age goes', async () => {
        await publish([makeEntry(0), makeEntry(1), makeEntry(2, { receivedAtMs: laterMs - dayMs + 1 })])
        await deliver('siem', 3)
        assert.equal(await pruneAll(old, laterMs), 2)
        assert.deepEqual(await held(), [makeEntry(2).guid])
        assert.equal(await pruneAll({ forgetGuidsAfterSec: 1 }, laterMs), 0, 'no limit, nothing goes')
      })

      test('a pruned event is still known: it is not taken again, not even after a crash', async () => {
        await publish(makeEntries(0, 3))
        await deliver('siem', 3)
        await pruneAll(old, laterMs)
        await crash()
        assert.equal(await publish(makeEntries(0, 4)), 1)
        assert.deepEqual(await held(), [makeEntry(3).guid])
        const writer = await log.writer(foundation)
        assert.equal((await all(writer.guids(0))).length, 4)
        await writer.close()
      })

      test('a sink that is new after a pruning gets what is left, and its lag says so', async () => {
        await publish(makeEntries(0, 5))
        await deliver('siem', 3)
        await pruneAll(old, laterMs)
        const late = await connect(log, 'late', 10)
        assert.equal((await log.positions()).find(position => position.sink === 'late')?.lag, 2)
        assert.deepEqual(
          (await take(late)).batch.map(record => record.guid),
          guidsOf(makeEntries(3, 2)),
        )
        await late.close()
      })

      test('a guid is forgotten when its event is old enough, and its offset is never used again', async () => {
        await publish(makeEntries(0, 3))
        const source = await connect(log, 'siem', 10)
        const delivery = await take(source)
        const lastOffset = delivery.batch.at(-1)?.offset ?? 0
        await delivery.settle()
        await source.close()
        for (let i = 0; i < 5; i++) await log.prune(old, muchLaterMs)
        await crash()
        const writer = await log.writer(foundation)
        assert.deepEqual(await all(writer.guids(0)), [])
        assert.equal(writer.checkpoint, 'c')
        await writer.close()
        assert.equal(sum(await log.tallies()), 3, 'tallies outlive pruning')
        await publish(makeEntries(0, 1))
        const [again] = await all(log.events({}))
        assert(again !== undefined && again.offset > lastOffset)
        assert.equal((await log.positions())[0]?.lag, 1)
      })
    })

    test('any mixture of publishing, delivering, crashing and restarting loses and doubles nothing', async t => {
      for (const seed of [1, 2, 3]) {
        t.diagnostic(`seed ${seed}`)
        const random = seededRandom(seed)
        const sink = `sink-${seed}`
        const to = `foundation-${seed}`
        const model = new Set<string>()
        let checkpoint: string | null = null
        let delivered: string[] = []
        let source = await connect(log, sink, 5)
        for (let step = 0; step < 60; step++) {
          const chance = random()
          if (chance < 0.5) {
            const entries = makeEntries(pick(random, 150), pick(random, 12)).map(entry => ({
              ...entry,
              guid: `${seed}-${entry.guid}`,
            }))
            const fresh = entries.filter(entry => !model.has(entry.guid)).length
            checkpoint = `step ${step}`
            assert.equal(await publish(entries, checkpoint, to), fresh, `seed ${seed} step ${step}`)
            for (const entry of entries) model.add(entry.guid)
          } else if (chance < 0.85) {
            const lag = (await log.positions()).find(position => position.sink === sink)?.lag ?? 0
            if (lag === 0) continue
            const delivery = await take(source)
            const refused = random() < 0.3
            await delivery.settle(refused ? new Error('refused') : undefined)
            const mine = delivery.batch.filter(record => record.foundation === to)
            if (!refused) delivered = [...delivered, ...mine.map(record => record.guid)]
          } else {
            if (chance > 0.93) await source.close()
            await (chance > 0.93 ? reopen() : crash())
            assert.equal(await checkpointOf(to), checkpoint, `seed ${seed} step ${step}`)
            source = await connect(log, sink, 5)
          }
        }
        await source.close()
        assert.deepEqual(await held({ foundation: to }), [...model], `seed ${seed}`)
        assert.deepEqual(delivered, [...model].slice(0, delivered.length), `seed ${seed}`)
      }
    })
  })
}

/** The i-th event of a made-up foundation, one a second. */
export function makeEntry(i: number, changes: Partial<LogEntry> = {}): LogEntry {
  return {
    guid: uuidOf(i),
    type: 'audit.app.update',
    createdAtSec: baseSec + i,
    receivedAtMs: baseSec * 1_000 + i,
    provenance: 'live',
    bytes: bytesOf(`event ${i}`),
    ...changes,
  }
}

export function makeEntries(from: number, count: number): readonly LogEntry[] {
  return Array.from({ length: count }, (_, i) => makeEntry(from + i))
}

function uuidOf(i: number): string {
  const hex = createHash('sha256').update(String(i)).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  )
}

function letter(key: string, changes: Partial<DeadLetter> = {}): DeadLetter {
  return { foundation, origin: 'siem', key, reason: 'why', raw: bytesOf(`raw ${key}`), atMs: 1, ...changes }
}

async function connect(log: EventLog, sink: string, batchMax: number): Promise<Source<LogRecord>> {
  const source = log.source(sink, { batchMax })
  await source.connect(AbortSignal.timeout(longDeadlineMs))
  return source
}

async function take(source: Source<LogRecord>) {
  const delivery = await source.read(AbortSignal.timeout(longDeadlineMs))
  assert(delivery !== null, 'the source has ended')
  return delivery
}

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  return Array.fromAsync(items)
}

function guidsOf(entries: readonly LogEntry[]): readonly string[] {
  return entries.map(entry => entry.guid)
}

function sum(tallies: readonly { readonly count: number }[]): number {
  return tallies.reduce((total, tally) => total + tally.count, 0)
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function pick(random: Random, below: number): number {
  return Math.floor(random() * below)
}
