import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { seenByKcat, skipWithoutKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { systemClock } from '@cf-audit-drain/pipeline'
import { openEmbeddedLog } from '../embedded/embedded-log.ts'
import { LogInUseError, LogMissingError, LogMovedError } from '../log-error.ts'
import type { Tally } from '../ports.ts'
import { entryOf } from './embedded-log-for-tests.ts'
import { deliveredTo, MigrationUnderTest } from './migration-for-tests.ts'
import { movedFoundations } from './moved-foundations.ts'

const both = ['lab', 'prod'] as const

describe('an embedded log that is moved to Kafka', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  test('is there whole, in its order and byte for byte, say kcat and SQLite', async t => {
    if (skipWithoutKcat(t)) return
    const under = await MigrationUnderTest.filled(t, kafka.brokers)
    const report = await under.migrate()
    for (const [i, foundation] of both.entries()) {
      const held = await seenByKcat(kafka.brokers, under.topic(foundation))
      const guids = under.guids(foundation)
      assert.ok(guids.length < 300 && guids.length > 200, 'some are forgotten, some only remembered')
      assert.deepEqual(
        held.map(({ guid, seq }) => ({ guid, seq })),
        guids.map((guid, at) => ({ guid, seq: 300 - guids.length + at + 1 })),
      )
      const digest = under.digestBySqlite(foundation)
      assert.deepEqual([under.digestByKcat(foundation), report.foundations[i]?.digest], [digest, digest])
    }
    assert.deepEqual(
      report.foundations.map(({ events, remembered, total, deadLetters, before }) => [
        events,
        remembered,
        total,
        deadLetters,
        before,
      ]),
      both.map(foundation => {
        const kept = under.guids(foundation, 'record IS NOT NULL').length
        return [kept, under.guids(foundation).length - kept, 300, foundation === 'lab' ? 3 : 2, 0]
      }),
    )
  })

  test('keeps how things were called', async t => {
    const under = await MigrationUnderTest.filled(t, kafka.brokers)
    const embedded = await openEmbeddedLog({ dir: under.dir, clock: systemClock })
    const writer = await embedded.writer('lab')
    const names = Array.from({ length: 2_500 }, (_, i) => ({
      key: `space ${i}`,
      value: `{"n":[[1,"${i}"]]}`,
    }))
    await writer.publish([], writer.checkpoint ?? '{}', [], { names })
    await writer.close()
    await embedded.close()
    await under.migrate()
    const moved = await under.open().writer('lab')
    const kept = await Array.fromAsync(moved.names())
    await moved.close()
    const sorted = (some: typeof kept) => some.toSorted((a, b) => (a.key < b.key ? -1 : 1))
    assert.deepEqual(sorted(kept), sorted(names))
  })

  test('keeps its tallies, checkpoints, dead letters and the lags of its sinks', async t => {
    const under = await MigrationUnderTest.filled(t, kafka.brokers)
    const embedded = await openEmbeddedLog({ dir: under.dir, clock: systemClock })
    const [tallies, letters] = [await embedded.tallies(), await embedded.deadLetters(100)]
    const lags = (await embedded.positions()).map(({ sink, lag }) => ({ sink, lag }))
    await embedded.close()
    const report = await under.migrate()
    const log = under.open()
    assert.deepEqual(sorted(await log.tallies()), sorted(tallies))
    const plain = (found: typeof letters) =>
      found.map(({ raw, ...letter }) => JSON.stringify({ ...letter, raw: [...raw] })).toSorted()
    assert.deepEqual(plain(await log.deadLetters(100)), plain(letters))
    const bySink = (found: readonly { sink: string; lag: number | null }[]) =>
      found.map(({ sink, lag }) => `${sink} ${lag}`).toSorted()
    assert.deepEqual(bySink(report.sinks), bySink(lags))
    assert.deepEqual(bySink(await log.positions()), bySink(lags))
    for (const foundation of both) {
      const writer = await log.writer(foundation)
      const [row] = under.rows('SELECT checkpoint FROM checkpoints WHERE foundation = ?', foundation)
      assert.equal(writer.checkpoint, row?.['checkpoint'])
      await writer.publish([entryOf(foundation, 900)], 'next')
      await writer.close()
      const held = await seenByKcat(kafka.brokers, under.topic(foundation))
      assert.equal(held.at(-1)?.seq, 301, 'numbers go on where they were')
    }
  })

  test('keeps its ledger, whose windows say where their events lie now', async t => {
    const under = await MigrationUnderTest.filled(t, kafka.brokers)
    const embedded = await openEmbeddedLog({ dir: under.dir, clock: systemClock })
    const windows = await Array.fromAsync(embedded.ledger({}))
    await embedded.close()
    assert.equal(windows.length, 2)
    await under.migrate()
    const log = under.open()
    const unplaced = (found: typeof windows) =>
      found.map(window => ({ ...window, firstOffset: null, lastOffset: null }))
    const moved = await Array.fromAsync(log.ledger({}))
    assert.deepEqual(unplaced(moved), unplaced(windows))
    for (const foundation of both) {
      const writer = await log.writer(foundation)
      for (const window of moved.filter(one => one.foundation === foundation)) {
        const guids = await Array.fromAsync(writer.guidsOf([window]), ({ guid }) => guid)
        const { fromSec, toSec } = window
        assert.deepEqual(
          new Set(guids),
          new Set(under.guids(foundation, `created_at >= ${fromSec} AND created_at < ${toSec}`)),
        )
      }
      await writer.close()
    }
  })

  test('gives every sink what it has not had, and nothing else', async t => {
    const under = await MigrationUnderTest.filled(t, kafka.brokers)
    const cursors = under.rows('SELECT sink, offset FROM cursors ORDER BY sink')
    assert.deepEqual(
      cursors.map(({ sink, offset }) => [sink, offset]),
      [
        ['archive', 300],
        ['late', 0],
        ['siem', 454],
      ],
      'at the end of what was pruned, at the beginning, in the middle of a publish',
    )
    await under.migrate()
    const log = under.open()
    for (const { sink, offset } of [...cursors, { sink: 'new', offset: 0 }]) {
      const wanted = new Map(
        both.map(name => [name, under.guids(name, `record IS NOT NULL AND offset > ${Number(offset)}`)]),
      )
      const count = [...wanted.values()].reduce((sum, { length }) => sum + length, 0)
      const given = await deliveredTo(log, String(sink), count)
      assert.deepEqual(new Map([...given].toSorted()), wanted, String(sink))
    }
    assert.ok((await log.positions()).every(({ lag }) => lag === 0))
  })

  test('still knows the guids whose payloads were pruned, and takes none of them again', async t => {
    const under = await MigrationUnderTest.filled(t, kafka.brokers)
    const pruned = under.guids('lab', 'record IS NULL')
    assert.ok(pruned.length > 50, `${pruned.length} are remembered only`)
    await under.migrate()
    const writer = await under.open().writer('lab')
    const known = await Array.fromAsync(writer.guids(0), ({ guid }) => guid)
    assert.deepEqual(new Set(known), new Set(under.guids('lab')))
    const again = Array.from({ length: 301 }, (_, i) => entryOf('lab', i)).filter(
      ({ guid }) => known.includes(guid) || guid === entryOf('lab', 300).guid,
    )
    assert.equal((await writer.publish(again, 'again')).published, 1, 'all but the last were there')
    await writer.close()
  })

  test('is not started again, nor moved twice, and can be looked into', async t => {
    const under = await MigrationUnderTest.filled(t, kafka.brokers)
    const { dir } = under
    assert.deepEqual(movedFoundations(dir), [])
    const { foundations } = await under.migrate()
    assert.deepEqual(movedFoundations(dir), foundations, 'the same again, digest and all')
    assert.match(foundations[0]?.digest ?? '', /^[0-9a-f]{64}$/)
    await assert.rejects(openEmbeddedLog({ dir, clock: systemClock }), (error: unknown) => {
      assert.ok(error instanceof LogMovedError)
      assert.match(error.message, /was moved to Kafka at .*goes on there: set KAFKA_BROKERS/)
      return true
    })
    await assert.rejects(under.migrate(), LogMovedError)
    await assert.rejects(under.migrate({}, true), LogMovedError)
    const reader = await openEmbeddedLog({ dir, clock: systemClock, mode: 'read' })
    assert.ok((await Array.fromAsync(reader.events({}))).length > 0)
    await reader.close()
  })

  test('has nobody else, and is there', async t => {
    const under = await MigrationUnderTest.filled(t, kafka.brokers, 50)
    const other = await openEmbeddedLog({ dir: under.dir, clock: systemClock })
    await assert.rejects(under.migrate(), LogInUseError)
    await other.close()
    const nowhere = new MigrationUnderTest(t, kafka.brokers)
    await assert.rejects(nowhere.migrate(), LogMissingError)
    await assert.rejects(nowhere.migrate({}, true), LogMissingError)
  })

  test('is left alone by a dry run, and so is Kafka', async t => {
    const under = await MigrationUnderTest.filled(t, kafka.brokers, 100)
    const embedded = await openEmbeddedLog({ dir: under.dir, clock: systemClock })
    const report = await under.migrate({}, true)
    await embedded.close()
    assert.equal(report.made.length, 7)
    assert.deepEqual(
      report.foundations.map(({ foundation, total, before, digest }) => [foundation, total, before, digest]),
      both.map(name => [name, 100, 0, null]),
    )
    assert.deepEqual(await under.open().tallies(), [], 'no topic was made')
    await under.migrate()
  })
})

function sorted(tallies: readonly Tally[]): readonly Tally[] {
  const key = ({ foundation, type, provenance }: Tally) => `${foundation} ${type} ${provenance}`
  return tallies.toSorted((a, b) => key(a).localeCompare(key(b))).map(tally => ({ ...tally }))
}
