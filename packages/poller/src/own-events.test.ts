import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import {
  createScrubber,
  decodeAuditEvent,
  isOwnGuid,
  type OwnEvent,
  ownGuid,
  splitEventPage,
} from '@cf-audit-drain/event'
import { type EventLog, openEmbeddedLog } from '@cf-audit-drain/log'
import { drivenClock } from '@cf-audit-drain/pipeline'
import { decodeCheckpoint } from './checkpoint.ts'
import { eventsBetween } from './events-between.ts'
import { KeptRecords } from './kept-records.ts'
import { Recorder } from './recorder.ts'
import { ledgerFaults } from './testing/ledger-audit.ts'

const fromSec = 1_795_314_000
const first = {
  startSec: fromSec - 600,
  baselineSec: fromSec,
  tailFromSec: fromSec - 600,
  settledSec: fromSec - 600,
  unread: [],
  closedWindows: 0,
  writtenMs: 0,
}

const missing = (guid: string): OwnEvent => ({
  type: 'cf-audit-drain.source.event-missing',
  subject: [guid],
  createdAtSec: fromSec + 5,
  target: { guid, type: 'audit_event', name: '' },
  data: { lost: guid },
})

const rows = (...guids: readonly string[]) =>
  splitEventPage(
    JSON.stringify({
      pagination: { total_results: guids.length },
      resources: guids.map(guid => ({
        guid,
        type: 'audit.app.start',
        created_at: `${new Date((fromSec + 10) * 1000).toISOString().slice(0, 19)}Z`,
        data: {},
      })),
    }),
  ).resources

async function logOf(t: TestContext): Promise<EventLog> {
  const dir = mkdtempSync(join(tmpdir(), 'own-events-'))
  const log = await openEmbeddedLog({ dir, clock: drivenClock() })
  t.after(async () => {
    await log.close()
    rmSync(dir, { recursive: true })
  })
  return log
}

async function recorderOn(log: EventLog) {
  const writer = await log.writer('lab')
  const kept = new KeptRecords()
  await kept.restore(writer.names())
  const stored = writer.checkpoint === null ? first : decodeCheckpoint(writer.checkpoint)
  const ingested: string[] = []
  const recorder = new Recorder(
    {
      foundation: 'lab',
      writer,
      kept,
      scrubber: createScrubber({ key: Buffer.alloc(32, 7) }),
      clock: drivenClock(),
      onPublished: entries => ingested.push(...entries.map(({ guid }) => guid)),
    },
    stored,
    fromSec - 600,
  )
  await recorder.rebuild()
  return { recorder, writer, ingested }
}

const guidsOf = async (log: EventLog) => (await Array.fromAsync(log.events({}))).map(({ guid }) => guid)

test('an event of our own is told once, with what is kept beside it, and moves no checkpoint', async t => {
  const log = await logOf(t)
  const one = await recorderOn(log)
  await one.recorder.record(rows('a'), now => ({ ...now, closedWindows: 3 }))
  const before = one.recorder.checkpoint
  assert.equal(await one.recorder.tell([missing('x')], [{ key: 'gone x', value: 'told' }]), 1)
  assert.equal(await one.recorder.tell([missing('x'), missing('y')]), 1)
  assert.deepEqual({ ...one.recorder.checkpoint, writtenMs: 0 }, { ...before, writtenMs: 0 })
  assert.deepEqual(one.ingested, ['a'], 'it says nothing of how long an event of Cloud Controller took')
  await one.writer.close()
  const again = await recorderOn(log)
  assert.equal(again.recorder.kept.get('gone x'), 'told')
  assert.equal(await again.recorder.tell([missing('y')], [{ key: 'gone x', value: null }]), 0)
  assert.deepEqual([...again.recorder.kept.beginningWith('gone ')], [])
  await again.writer.close()
  const [, x] = (await Array.fromAsync(log.events({}))).map(({ bytes }) => decodeAuditEvent(bytes))
  assert.equal(x?.guid, ownGuid('lab', 'cf-audit-drain.source.event-missing', 'x'))
  assert.deepEqual([x?.data, x?.provenance, x?.actor?.type], ['{"lost":"x"}', 'live', 'drain'])
  assert.equal((await guidsOf(log)).length, 3)
  const third = await recorderOn(log)
  assert.deepEqual([...third.recorder.kept.beginningWith('')], [], 'what was forgotten stays so')
  await third.writer.close()
})

test('events of our own are no part of the ledger, before a restart and after', async t => {
  const log = await logOf(t)
  const one = await recorderOn(log)
  await one.recorder.record(rows('a', 'b'))
  await one.recorder.tell([missing('x')])
  await one.writer.close()
  const again = await recorderOn(log)
  assert.equal(again.recorder.seen.size, 2)
  const range = { fromSec: fromSec - 600, toSec: fromSec + 600 }
  const look = again.recorder
    .look(range)
    .add({ ...range, rows: rows('a', 'b'), complete: true, missing: 0 })
    .made()
  await again.recorder.record([], now => ({ ...now, tailFromSec: fromSec + 600 }), look)
  const { state, held, counted, gone } = again.recorder.ledger.windowOf(fromSec) ?? {}
  assert.deepEqual([state, held, counted, gone], ['closed', 2, 2, 0])
  assert.deepEqual(await ledgerFaults(log), [])
  await again.writer.close()
})

test('a log without a ledger gets one that leaves out events of our own', async t => {
  const log = await logOf(t)
  const one = await recorderOn(log)
  await one.recorder.record(rows('a', 'b'), now => ({ ...now, tailFromSec: fromSec + 600 }))
  await one.recorder.tell([missing('x')])
  await one.writer.close()
  const again = await recorderOn(log)
  await again.recorder.buildLedger(fromSec - 600)
  assert.equal(again.recorder.ledger.windowOf(fromSec)?.held, 2)
  await again.writer.close()
})

test('a row that Cloud Controller shows with a guid of our form is no event of ours: it is buried', async t => {
  const log = await logOf(t)
  const { recorder, writer } = await recorderOn(log)
  const forged = ownGuid('lab', 'cf-audit-drain.source.event-missing', 'z')
  await recorder.record(rows('a', forged))
  await recorder.record(rows('a', forged))
  assert.deepEqual(await guidsOf(log), ['a'])
  const letters = await log.deadLetters(10)
  assert.deepEqual(
    letters.map(({ key }) => key),
    [forged],
  )
  assert.match(letters[0]?.reason ?? '', /only this program/)
  assert.equal(await recorder.tell([missing('z')]), 1, 'and ours is told nevertheless')
  assert.ok((await guidsOf(log)).some(isOwnGuid))
  await writer.close()
})

test("the events of a time are Cloud Controller's, and reading them keeps nobody else from work", async t => {
  const log = await logOf(t)
  const { recorder, writer } = await recorderOn(log)
  const guids = Array.from({ length: 2_000 }, (_, i) => `guid-${i}`)
  await recorder.record(rows(...guids))
  await recorder.tell([missing('x')])
  let turns = 0
  const turning = new AbortController()
  const other = (async () => {
    for (; !turning.signal.aborted; turns++) await setImmediate()
  })()
  const events = await Array.fromAsync(eventsBetween(recorder, { fromSec, toSec: fromSec + 11 }))
  turning.abort()
  await other
  assert.deepEqual(events.map(event => event?.guid).sort(), guids.toSorted())
  assert.ok(turns >= 10, `${turns} turns`)
  assert.deepEqual(
    await Array.fromAsync(eventsBetween(recorder, { fromSec: fromSec + 11, toSec: fromSec + 900 })),
    [],
  )
  await writer.close()
})
