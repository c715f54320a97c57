import { unknownSchema } from '@cf-audit-drain/event'
import type { LogRecord } from '@cf-audit-drain/log'
import type { Outcome, Sink } from '@cf-audit-drain/pipeline'

/**
 * Holds a delivery in which an event is written by a schema that this program does not know, and whose writer says so
 * beside the bytes: a newer poller has written it, and this worker delivers it as soon as it is upgraded. To be put
 * inside withRetry. Bytes that only look like it are damaged, and the sink rejects them.
 */
export function withKnownSchemas(sink: Sink<LogRecord>): Sink<LogRecord> {
  return {
    connect: signal => sink.connect(signal),
    close: () => sink.close(),
    write(batch, signal) {
      const newer = batch.find(isNewer)
      if (newer === undefined) return sink.write(batch, signal)
      // Nothing of it is written: what was, would come a second time when the upgraded worker begins.
      const hold: Outcome = { kind: 'retry', reason: new NewerSchemaError(newer) }
      return Promise.resolve(batch.map(() => hold))
    },
  }
}

export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError'

  constructor({ foundation, offset, schema }: LogRecord) {
    super(
      `the event at offset ${offset} of foundation ${foundation} is written by a newer version of this program (schema ${schema}): upgrade this sink, which goes on from there; nothing is lost meanwhile`,
    )
  }
}

function isNewer(record: LogRecord): boolean {
  const unknown = unknownSchema(record.bytes)
  return unknown !== null && unknown === record.schema
}
