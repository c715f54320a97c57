import assert from 'node:assert/strict'
import type { Source } from '@cf-audit-drain/pipeline'
import type { EventLog, LogRecord } from '../ports.ts'

const longDeadlineMs = 10_000

export async function connect(log: EventLog, sink: string, batchMax: number): Promise<Source<LogRecord>> {
  const source = log.source(sink, { batchMax })
  await source.connect(AbortSignal.timeout(longDeadlineMs))
  return source
}

export async function take(source: Source<LogRecord>) {
  const delivery = await source.read(AbortSignal.timeout(longDeadlineMs))
  assert(delivery !== null, 'the source has ended')
  return delivery
}
