import type { AuditEvent } from '@cf-audit-drain/event'
import type { Outcome, Sink } from '@cf-audit-drain/pipeline'
import { checkReceiver, type SyslogCheck } from './check-receiver.ts'
import { sendAndConfirm } from './close-confirm.ts'
import { type CodecOptions, syslogCodec } from './codec.ts'
import { frames } from './frames.ts'
import type { Framing } from './framing.ts'
import { type ReceiverDeps, type ReceiverOptions, receiverAddress } from './receiver-address.ts'

export interface SyslogSinkOptions extends CodecOptions, ReceiverOptions {
  /** Default `octet-counting`. */
  readonly framing?: Framing
}

export type SyslogSinkDeps = ReceiverDeps

export interface SyslogSink<T = AuditEvent> extends Sink<T> {
  /** Connects, sends nothing, ends the connection as a write does. Throws a SyslogError that says what is wrong. */
  check(signal: AbortSignal): Promise<SyslogCheck>
}

const chunkBytes = 256 * 1024

/**
 * Delivers over TCP or TLS by close-confirm: one `write` is one connection, and it is delivered when the receiver has
 * answered our FIN with its own, having broken nothing before. Anything else throws a SyslogError: the outcome is unknown,
 * and the batch is to be sent again. A NotConnectedError says that nothing of it was sent.
 * See docs/decisions/0003-close-confirm.md.
 */
export function syslogSink(options: SyslogSinkOptions, deps: SyslogSinkDeps): SyslogSink {
  return syslogRecordSink(options, deps, event => event)
}

/**
 * The same for records that are not events yet. `eventOf` is called as each is encoded, so that one event at a time is
 * alive; a record it throws for is rejected.
 */
export function syslogRecordSink<T>(
  options: SyslogSinkOptions,
  deps: SyslogSinkDeps,
  eventOf: (record: T) => AuditEvent,
): SyslogSink<T> {
  const codec = syslogCodec(options)
  const address = receiverAddress(options, deps)
  const framing = options.framing ?? 'octet-counting'
  const encode = (record: T) => codec.encode(eventOf(record))
  let spare: Buffer | null = null

  return {
    async connect(signal) {
      signal.throwIfAborted()
      await address.readFiles()
    },

    async write(batch, signal) {
      const outcomes: Outcome[] = []
      const buffer = spare ?? Buffer.allocUnsafe(chunkBytes)
      spare = null
      await sendAndConfirm(address, frames(batch, encode, framing, buffer, outcomes), signal)
      spare = buffer
      return outcomes
    },

    check: signal => checkReceiver(address, signal),

    async close() {
      spare = null
    },
  }
}
