import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type AuditEvent, decodeAuditEvent, encodeAuditEvent } from '@cf-audit-drain/event'
import { reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { type EventLog, type LogEntry, type LogRecord, openEmbeddedLog } from '@cf-audit-drain/log'
import { openKafkaLog } from '@cf-audit-drain/log/kafka'
import { delivered, type Outcome, type Sink, systemClock } from '@cf-audit-drain/pipeline'
import { withKnownSchemas } from './known-schemas.ts'

const signal = AbortSignal.timeout(60_000)

test('a sink holds what a newer version wrote: nothing is delivered twice, nothing goes to the dead letters', {
  skip: reasonToSkipKafka(),
}, async t => {
  const kafka = await shareKafka()
  t.after(() => kafka.stop())
  const log = openKafkaLog(
    {
      brokers: kafka.brokers,
      prefix: `known-schemas-${process.pid}`,
      createTopics: { replicationFactor: 1 },
    },
    { clock: systemClock },
  )
  t.after(() => log.close())
  const sink = decodingSink()
  const [old, newer] = [someEntry(1), byNewerVersion(someEntry(2))]

  const [known] = await outcomesOf(log, sink, [old])
  assert.deepEqual([known, sink.written], [delivered, [old.guid]])

  const held = await outcomesOf(log, sink, [someEntry(3), newer])
  assert.deepEqual(
    held.map(({ kind }) => kind),
    held.map(() => 'retry'),
  )
  assert.match(
    held[0]?.kind === 'retry' ? held[0].reason.message : '',
    /foundation lab .* newer version .* \(schema 0102030405060708\): upgrade this sink/,
  )
  assert.deepEqual(sink.written, [old.guid], 'not those that stand beside it either')
})

test('bytes that only look like a newer version are damaged: where nobody says so beside them they are rejected', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'known-schemas-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const log = await openEmbeddedLog({ dir, clock: systemClock })
  t.after(() => log.close())
  const outcomes = await outcomesOf(log, decodingSink(), [byNewerVersion(someEntry(1)), someEntry(2)])
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['rejected', 'delivered'],
  )
})

/** What becomes of these events when they have gone through the log. */
async function outcomesOf(
  log: EventLog,
  sink: Sink<LogRecord>,
  entries: readonly LogEntry[],
): Promise<readonly Outcome[]> {
  const writer = await log.writer('lab')
  await writer.publish(entries, '{}')
  await writer.close()
  const source = log.source('siem', { batchMax: 100 })
  await source.connect(signal)
  const delivery = await source.read(signal)
  assert.ok(delivery)
  const outcomes = await withKnownSchemas(sink).write(delivery.batch, signal)
  await delivery.settle(outcomes.some(({ kind }) => kind === 'retry') ? new Error('held') : undefined)
  await source.close()
  return outcomes
}

function decodingSink(): Sink<LogRecord> & { readonly written: readonly string[] } {
  const written: string[] = []
  return {
    written,
    connect: () => Promise.resolve(),
    close: () => Promise.resolve(),
    write: batch =>
      Promise.resolve(
        batch.map(({ bytes }): Outcome => {
          try {
            written.push(decodeAuditEvent(bytes).guid)
            return delivered
          } catch (error) {
            return { kind: 'rejected', reason: error as Error }
          }
        }),
      ),
  }
}

function someEntry(i: number): LogEntry {
  const guid = `00000000-0000-4000-8000-00000000000${i}`
  const event: AuditEvent = {
    foundation: 'lab',
    guid,
    type: 'audit.app.update',
    createdAt: '2026-11-22T05:00:00Z',
    actor: null,
    target: null,
    spaceGuid: null,
    organizationGuid: null,
    data: '{}',
    scrubPolicy: 1,
    scrubbedPaths: [],
    crashId: null,
    provenance: 'live',
    receivedAtMs: 1_795_323_600_000,
    names: null,
  }
  return {
    guid,
    type: event.type,
    createdAtSec: 1_795_323_600,
    receivedAtMs: event.receivedAtMs,
    provenance: 'live',
    bytes: encodeAuditEvent(event),
  }
}

/** Its schema is one that nobody here knows. */
function byNewerVersion(entry: LogEntry): LogEntry {
  const bytes = Buffer.from(entry.bytes)
  bytes.write('0102030405060708', 2, 'hex')
  return { ...entry, bytes }
}
