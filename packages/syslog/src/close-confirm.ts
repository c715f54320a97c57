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
  const connection = await address.connect(signal).catch(error => {
    throw nothingSent(error)
  })
  try {
    for (const bytes of chunks) await connection.write(bytes)
    await finishWitnessed(connection, settleMs(connection), address, signal)
  } catch (error) {
    connection.reset()
    throw error
  }
}

/**
 * Ends the connection before a witness: a second one, silent, opened while the first was still whole. A process that
 * dies closes what it had open, the connection it had read and not yet dealt with too, and that looks like an answer to
 * our FIN. But its listening socket and the witness go with it: when one more connection is answered after that
 * and the witness then still stands, the process that answered was alive, even where a dead one is replaced at once.
 *
 * The same finds a refused certificate: a receiver that has our end of the handshake, the batch and our FIN in its hands at
 * once may refuse us and close. It refuses the witness as well, whose end of the handshake it had before it began that of
 * the last connection.
 */
export async function finishWitnessed(
  connection: Connection,
  quietMs: number,
  address: ReceiverAddress,
  signal: AbortSignal,
): Promise<number> {
  const witness = await address.connect(signal)
  try {
    await connection.settle(quietMs)
    const tookMs = await connection.finish()
    await visit(address, signal)
    await witness.settle(settleMs(witness))
    return tookMs
  } finally {
    witness.leave()
  }
}

/** A connection that says nothing, and whose end only a living process answers. */
async function visit(address: ReceiverAddress, signal: AbortSignal): Promise<void> {
  const connection = await address.connect(signal)
  try {
    await connection.finish()
  } catch (error) {
    connection.reset()
    throw error
  }
}

/** Two round trips, so that the reset our last bytes provoked at a closed receiver is here before we end the connection. */
export function settleMs({ connectMs }: Connection): number {
  return Math.min(1_000, Math.max(2, 2 * connectMs))
}

function nothingSent(error: unknown): NotConnectedError {
  return new NotConnectedError(error instanceof Error ? error.message : String(error), { cause: error })
}
