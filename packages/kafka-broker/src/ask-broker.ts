import { connect } from 'node:net'
import { deadline } from '@cf-audit-drain/pipeline'
import {
  apiVersionsRequest,
  firstFrame,
  type Metadata,
  metadataRequest,
  readApiVersions,
  readMetadata,
} from './readiness-codec.ts'

const patienceMs = 2000

/** Whom this broker knows; null when it does not (yet) answer ApiVersions and Metadata as a broker does. */
export async function askBroker(port: number): Promise<Metadata | null> {
  try {
    const versions = readApiVersions(await exchange(port, apiVersionsRequest(1)))
    if (versions.correlationId !== 1 || versions.errorCode !== 0) return null
    const metadata = readMetadata(await exchange(port, metadataRequest(2)))
    return metadata.correlationId === 2 ? metadata : null
  } catch {
    return null
  }
}

/** One request on a connection of its own; its answer without the size. */
export async function exchange(port: number, request: Buffer): Promise<Buffer> {
  const socket = connect({ host: '127.0.0.1', port, signal: deadline(patienceMs) })
  socket.write(request)
  let bytes: Buffer = Buffer.alloc(0)
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    bytes = Buffer.concat([bytes, chunk])
    const payload = firstFrame(bytes)
    if (payload) return payload
  }
  throw new Error(`127.0.0.1:${port} closed the connection before it answered`)
}
