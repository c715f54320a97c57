/*
 * Just enough of the Kafka protocol (https://kafka.apache.org/protocol) to see that a broker answers and whom it knows.
 *
 *   request   size:int32 | api_key:int16 | api_version:int16 | correlation_id:int32 | client_id:int16+bytes | body
 *   response  size:int32 | correlation_id:int32 | body
 *
 *   ApiVersions v0 (18)  request body: none
 *                        response body: error_code:int16 | [api_key:int16 min:int16 max:int16]
 *   Metadata v2 (3)      request body: [topic] (int32 0: none)
 *                        response body: [node_id:int32 host:string port:int32 rack:string?] | cluster_id:string? | …
 */

const clientId = 'cf-audit-drain-kafka-broker'

export interface ApiVersions {
  readonly correlationId: number
  /** 0: none. */
  readonly errorCode: number
}

export interface Metadata {
  readonly correlationId: number
  readonly nodeIds: readonly number[]
  readonly clusterId: string | null
}

export function apiVersionsRequest(correlationId: number): Buffer {
  return request(18, 0, correlationId, Buffer.alloc(0))
}

export function metadataRequest(correlationId: number): Buffer {
  return request(3, 2, correlationId, Buffer.alloc(4))
}

function request(apiKey: number, apiVersion: number, correlationId: number, body: Buffer): Buffer {
  const head = Buffer.alloc(14)
  head.writeInt32BE(10 + clientId.length + body.length, 0)
  head.writeInt16BE(apiKey, 4)
  head.writeInt16BE(apiVersion, 6)
  head.writeInt32BE(correlationId, 8)
  head.writeInt16BE(clientId.length, 12)
  return Buffer.concat([head, Buffer.from(clientId, 'ascii'), body])
}

/** The payload of the first frame, or null when it has not come whole. */
export function firstFrame(bytes: Buffer): Buffer | null {
  if (bytes.length < 4) return null
  const size = bytes.readInt32BE(0)
  return bytes.length < 4 + size ? null : bytes.subarray(4, 4 + size)
}

export function readApiVersions(payload: Buffer): ApiVersions {
  return { correlationId: payload.readInt32BE(0), errorCode: payload.readInt16BE(4) }
}

export function readMetadata(payload: Buffer): Metadata {
  let at = 0
  const int32 = () => {
    at += 4
    return payload.readInt32BE(at - 4)
  }
  const string = () => {
    const length = payload.readInt16BE(at)
    at += 2 + Math.max(0, length)
    return length < 0 ? null : payload.toString('utf8', at - length, at)
  }
  const correlationId = int32()
  const nodeIds: number[] = []
  for (let left = int32(); left > 0; left--) {
    nodeIds.push(int32())
    string()
    int32()
    string()
  }
  return { correlationId, nodeIds, clusterId: string() }
}
