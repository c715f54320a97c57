import { type Batch, delivered, type Outcome } from '@cf-audit-drain/pipeline'
import { type Framing, maxFrameBytes, writeFrame } from './framing.ts'

/** The batch in chunks, each good until the next is asked for; one outcome per record is pushed as it is encoded. */
export function* frames<T>(
  batch: Batch<T>,
  encode: (record: T) => string,
  framing: Framing,
  shared: Buffer,
  outcomes: Outcome[],
): Generator<Uint8Array> {
  let buffer = shared
  let end = 0
  for (const record of batch) {
    const message = encoded(encode, record, outcomes)
    if (message === null) continue
    const room = maxFrameBytes(message)
    if (end + room > buffer.length) {
      if (end > 0) yield buffer.subarray(0, end)
      end = 0
      if (room > buffer.length) buffer = Buffer.allocUnsafe(room)
    }
    end = writeFrame(framing, message, buffer, end)
  }
  if (end > 0) yield buffer.subarray(0, end)
}

function encoded<T>(encode: (record: T) => string, record: T, outcomes: Outcome[]): string | null {
  try {
    const message = encode(record)
    outcomes.push(delivered)
    return message
  } catch (error) {
    outcomes.push({ kind: 'rejected', reason: error instanceof Error ? error : new Error(String(error)) })
    return null
  }
}
