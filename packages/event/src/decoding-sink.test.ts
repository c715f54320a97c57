import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Batch, delivered, type Outcome, type Sink } from '@cf-audit-drain/pipeline'
import type { AuditEvent } from './audit-event.ts'
import { encodeAuditEvent } from './avro.ts'
import { withDecoding } from './decoding-sink.ts'

const event = (guid: string): AuditEvent => ({
  foundation: 'f',
  guid,
  type: 't',
  createdAt: '2026-11-22T03:28:23Z',
  actor: null,
  target: null,
  spaceGuid: null,
  organizationGuid: null,
  data: '{}',
  scrubPolicy: 1,
  scrubbedPaths: [],
  crashId: null,
  provenance: 'live',
  receivedAtMs: 1,
})
const record = (guid: string) => ({ bytes: encodeAuditEvent(event(guid)), offset: 1 })
const broken = { bytes: Buffer.from('no record'), offset: 2 }
const { signal } = new AbortController()

/** Answers for each event by its guid. */
function recordingSink(outcomeOf: (guid: string) => Outcome | undefined) {
  const batches: string[][] = []
  const calls: string[] = []
  const sink: Sink<AuditEvent> = {
    connect: async () => void calls.push('connect'),
    close: async () => void calls.push('close'),
    write: async (batch: Batch<AuditEvent>) => {
      batches.push(batch.map(item => item.guid))
      return batch.flatMap(item => outcomeOf(item.guid) ?? [])
    },
  }
  return { batches, calls, sink }
}

test('events reach the sink in order and each outcome comes back to its record', async () => {
  const retry: Outcome = { kind: 'retry', reason: new Error('busy'), afterMs: 5 }
  const { batches, calls, sink } = recordingSink(guid => (guid === 'b' ? retry : delivered))
  const decoding = withDecoding(sink)
  await decoding.connect(signal)
  const outcomes = await decoding.write(
    [broken, record('a'), broken, record('b'), record('c'), broken],
    signal,
  )
  await decoding.close()
  assert.deepEqual(batches, [['a', 'b', 'c']])
  assert.deepEqual(calls, ['connect', 'close'])
  assert.deepEqual(
    outcomes.map(outcome => outcome.kind),
    ['rejected', 'delivered', 'rejected', 'retry', 'delivered', 'rejected'],
  )
  assert.equal(outcomes[3], retry)
  assert.match(outcomes[0]?.kind === 'rejected' ? outcomes[0].reason.message : '', /C3 01/)
})

test('the sink is not called when nothing can be decoded', async () => {
  const { batches, sink } = recordingSink(() => delivered)
  const outcomes = await withDecoding(sink).write([broken, broken], signal)
  assert.deepEqual(
    outcomes.map(outcome => outcome.kind),
    ['rejected', 'rejected'],
  )
  assert.deepEqual(batches, [])
})

test('a sink that does not answer for every event is found out', async () => {
  const { sink } = recordingSink(guid => (guid === 'a' ? undefined : delivered))
  await assert.rejects(
    withDecoding(sink).write([record('a'), record('b')], signal),
    /given 2 events and answered for 1/,
  )
})

test('an error of the sink passes through', async () => {
  const { sink } = recordingSink(() => {
    throw new Error('gone')
  })
  await assert.rejects(withDecoding(sink).write([record('a'), broken], signal), /gone/)
})
