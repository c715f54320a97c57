import type { Broker } from './kafkajs-internals.ts'

/** API key of DescribeTransactions (KIP-664), which kafkajs 2.2.4 does not know. Every broker since Kafka 3.0 does. */
const describeTransactions = 65

/**
 * What the coordinator knows of the last transaction of an id: `Empty`, `Ongoing`, `PrepareCommit`, `CompleteCommit`,
 * `PrepareAbort`, `CompleteAbort`, `Dead`, `PrepareEpochFence`. Null when it cannot or must not say.
 * Source: org.apache.kafka.coordinator.transaction.TransactionState.
 */
export async function transactionState(coordinator: Broker, transactionalId: string): Promise<string | null> {
  if (coordinator.versions?.[describeTransactions] === undefined) return null
  return coordinator.connectionPool.send({
    request: {
      apiKey: describeTransactions,
      apiVersion: 0,
      apiName: 'DescribeTransactions',
      encode: async () => {
        const buf = encodeRequest(transactionalId)
        return { buf, buffer: buf }
      },
    },
    response: {
      decode: async response => response,
      parse: async response => decodeResponse(response as Buffer),
    },
  })
}

/*
 * Version 0, after the fields of the header that kafkajs writes (compact: length + 1 as unsigned varint):
 *
 *   TAGS (of the header) | ids COMPACT_ARRAY of COMPACT_STRING | TAGS
 */
function encodeRequest(transactionalId: string): Buffer {
  const id = Buffer.from(transactionalId)
  const noTags = 0
  return Buffer.concat([Buffer.from([noTags, 2]), varint(id.length + 1), id, Buffer.from([noTags])])
}

/*
 *   TAGS (of the header) | throttle INT32 | COMPACT_ARRAY of: error INT16 | id COMPACT_STRING | state COMPACT_STRING | …
 *
 * Exported for its test.
 */
export function decodeResponse(response: Buffer): string | null {
  let at = 1 + 4
  const take = (size: number) => {
    at += size
    return response.subarray(at - size, at)
  }
  const length = () => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = take(1).readUInt8()
      value |= (byte & 0x7f) << shift
      if ((byte & 0x80) === 0) return value - 1
    }
  }
  if (length() < 1) return null
  const error = take(2).readInt16BE()
  take(length())
  const state = take(length()).toString()
  return error === 0 && state !== '' ? state : null
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let left = value
  for (; left > 0x7f; left >>>= 7) bytes.push((left & 0x7f) | 0x80)
  return Buffer.from([...bytes, left])
}
