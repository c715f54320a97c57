import { NotConnectedError } from '@cf-audit-drain/pipeline'
import type { Connection } from './connection.ts'
import type { ReceiverAddress } from './receiver-address.ts'

/**
 * Sends the chunks over a connection of their own; returns when the receiver has confirmed them by closing it.
 * See docs/decisions/0003-close-confirm.md.
 */
export async function sendAndConfirm(
  address: ReceiverAddress,
  chunks: Iterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const { connection, welcomed } = await connectToSend(address, signal).catch(error => {
    throw signal.aborted ? error : nothingSent(error)
  })
  try {
    for (const bytes of chunks) await connection.write(bytes)
    await connection.settle(settleMs(connection))
    await connection.finish()
    await knock(address, welcomed, signal)
  } catch (error) {
    connection.reset()
    throw error
  }
}

async function connectToSend(address: ReceiverAddress, signal: AbortSignal) {
  const connection = await address.connect(signal)
  try {
    return { connection, welcomed: await connection.welcomed(settleMs(connection)) }
  } catch (error) {
    connection.reset()
    throw error
  }
}

/**
 * A process that dies closes what it had open, the connection it had read and not yet dealt with too, and that looks like
 * an answer to our FIN. But its listening socket is gone with it: one that still accepts was alive when it answered.
 */
export async function knock(address: ReceiverAddress, welcomed: boolean, signal: AbortSignal): Promise<void> {
  const connection = await address.connect(signal)
  try {
    await connection.settle(settleMs(connection))
    if (!welcomed) await outlast(connection, address, signal)
  } finally {
    connection.leave()
  }
}

/**
 * A receiver that has our end of the handshake, the batch and our FIN in its hands at once may refuse our certificate and
 * close, and that looks like an answer too. It refuses this silent connection then as well: it had our end of it before it
 * began the handshake of the next one.
 */
async function outlast(connection: Connection, address: ReceiverAddress, signal: AbortSignal): Promise<void> {
  const next = await address.connect(signal)
  next.leave()
  await connection.settle(settleMs(connection))
}

/** Two round trips, so that the reset our last bytes provoked at a closed receiver is here before we end the connection. */
export function settleMs({ connectMs }: Connection): number {
  return Math.min(1_000, Math.max(2, 2 * connectMs))
}

function nothingSent(error: unknown): NotConnectedError {
  return new NotConnectedError(error instanceof Error ? error.message : String(error), { cause: error })
}
