import type { TLSSocket } from 'node:tls'
import type { Clock } from '@cf-audit-drain/pipeline'
import { knock, settleMs } from './close-confirm.ts'
import type { ReceiverAddress } from './receiver-address.ts'

/** What a connection without a message taught. */
export interface SyslogCheck {
  readonly connectMs: number
  /** From our FIN to the receiver's: what a confirmation costs at least. */
  readonly confirmMs: number
  readonly tls: {
    readonly protocol: string
    readonly cipher: string
    readonly serverSubject: string
    /** As in the certificate: `Nov 22 00:00:00 2027 GMT`. */
    readonly serverValidTo: string
  } | null
}

/** A receiver that refuses a client certificate needs a moment to say so. */
const refusalMs = 250

/** Connects, sends nothing, ends the connection as a write does. Throws a SyslogError that says what is wrong. */
export async function checkReceiver(
  address: ReceiverAddress,
  clock: Clock,
  signal: AbortSignal,
): Promise<SyslogCheck> {
  const connection = await address.connect(signal)
  try {
    const tls = connection.tls && learned(connection.tls)
    const welcomed = await connection.welcomed(refusalMs)
    await connection.settle(Math.max(refusalMs, settleMs(connection)))
    const startedAt = clock.monotonic()
    await connection.finish()
    const confirmMs = clock.monotonic() - startedAt
    await knock(address, welcomed, signal)
    return { connectMs: connection.connectMs, confirmMs, tls }
  } catch (error) {
    connection.reset()
    throw error
  }
}

function learned(socket: TLSSocket): SyslogCheck['tls'] {
  const certificate = socket.getPeerCertificate()
  return {
    protocol: socket.getProtocol() ?? '',
    cipher: socket.getCipher()?.name ?? '',
    serverSubject: [certificate?.subject?.CN ?? ''].flat().join(),
    serverValidTo: certificate?.valid_to ?? '',
  }
}
