import type { AuditEvent } from '@cf-audit-drain/event'
import {
  type Batch,
  type Clock,
  delivered,
  NotConnectedError,
  type Outcome,
  type Sink,
} from '@cf-audit-drain/pipeline'
import { type CodecOptions, syslogCodec } from './codec.ts'
import { Connection } from './connection.ts'
import { type Framing, maxFrameBytes, writeFrame } from './framing.ts'
import { type TlsOptions, tlsFiles } from './tls-files.ts'

export interface SyslogSinkOptions extends CodecOptions {
  readonly host: string
  readonly port: number
  /** TLS when given, `{}` included; else plain TCP. */
  readonly tls?: TlsOptions
  /** Default `octet-counting`. */
  readonly framing?: Framing
  /** Default 10,000. */
  readonly connectTimeoutMs?: number
  /** Longest time without progress while sending and while waiting for the receiver's FIN; default 30,000. */
  readonly confirmTimeoutMs?: number
}

export interface SyslogSinkDeps {
  readonly clock: Clock
  /** Told once of each fault that does not stop delivery, such as a new certificate file that cannot be read. */
  readonly onWarning?: (message: string) => void
}

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

export interface SyslogSink<T = AuditEvent> extends Sink<T> {
  /** Connects, sends nothing, ends the connection as a write does. Throws a SyslogError that says what is wrong. */
  check(signal: AbortSignal): Promise<SyslogCheck>
}

const chunkBytes = 256 * 1024
/** A receiver that refuses a client certificate needs a moment to say so. */
const checkSettleMs = 250

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
  const { clock } = deps
  const codec = syslogCodec(options)
  const framing = options.framing ?? 'octet-counting'
  const context = options.tls && tlsFiles(options.tls, deps.onWarning ?? (() => {}))
  const serverName = options.tls?.serverName ?? options.host
  const encode = (record: T) => codec.encode(eventOf(record))
  let spare: Buffer | null = null

  const open = async (signal: AbortSignal) =>
    Connection.open(
      {
        host: options.host,
        port: options.port,
        connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
        progressTimeoutMs: options.confirmTimeoutMs ?? 30_000,
        ...(context && {
          tls: {
            context: await context(),
            serverName,
            hasClientCertificate: options.tls?.certFile !== undefined,
          },
        }),
      },
      clock,
      signal,
    )

  /**
   * A process that dies closes what it had open, the connection it had read and not yet dealt with too, and that looks like
   * an answer to our FIN. But its listening socket is gone with it: one that still accepts was alive when it answered.
   */
  const knock = async (signal: AbortSignal) => {
    const connection = await open(signal)
    try {
      await connection.settle(settleMs(connection.connectMs))
    } finally {
      connection.leave()
    }
  }

  return {
    async connect(signal) {
      signal.throwIfAborted()
      await context?.()
    },

    async write(batch, signal) {
      const connection = await open(signal).catch(error => {
        throw signal.aborted ? error : nothingSent(error)
      })
      const outcomes: Outcome[] = []
      const buffer = spare ?? Buffer.allocUnsafe(chunkBytes)
      spare = null
      try {
        for (const bytes of frames(batch, encode, framing, buffer, outcomes)) await connection.write(bytes)
        await connection.settle(settleMs(connection.connectMs))
        await connection.finish()
        await knock(signal)
        spare = buffer
        return outcomes
      } catch (error) {
        connection.reset()
        throw error
      }
    },

    async check(signal) {
      const connection = await open(signal)
      try {
        const { tls } = connection
        const certificate = tls?.getPeerCertificate()
        const learned = tls && {
          protocol: tls.getProtocol() ?? '',
          cipher: tls.getCipher()?.name ?? '',
          serverSubject: [certificate?.subject?.CN ?? ''].flat().join(),
          serverValidTo: certificate?.valid_to ?? '',
        }
        await connection.settle(Math.max(checkSettleMs, settleMs(connection.connectMs)))
        const startedAt = clock.monotonic()
        await connection.finish()
        return {
          connectMs: connection.connectMs,
          confirmMs: clock.monotonic() - startedAt,
          tls: learned,
        }
      } catch (error) {
        connection.reset()
        throw error
      }
    },

    async close() {
      spare = null
    },
  }
}

function nothingSent(error: unknown): NotConnectedError {
  return new NotConnectedError(error instanceof Error ? error.message : String(error), { cause: error })
}

/** Two round trips, so that the reset our last bytes provoked at a closed receiver is here before we end the connection. */
function settleMs(connectMs: number): number {
  return Math.min(1_000, Math.max(2, 2 * connectMs))
}

/** The batch in chunks, each good until the next is asked for; one outcome per record is pushed as it is encoded. */
function* frames<T>(
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
