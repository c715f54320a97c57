import type { TLSSocket } from 'node:tls'
import { finishWitnessed, settleMs } from './close-confirm.ts'
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
export async function checkReceiver(address: ReceiverAddress, signal: AbortSignal): Promise<SyslogCheck> {
  const connection = await address.connect(signal)
  try {
    const tls = connection.tls && learned(connection.tls)
    const quietMs = Math.max(refusalMs, settleMs(connection))
    const confirmMs = await finishWitnessed(connection, quietMs, address, signal)
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
