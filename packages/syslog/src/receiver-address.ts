import type { Clock } from '@cf-audit-drain/pipeline'
import { Connection } from './connection.ts'
import { type TlsOptions, tlsFiles } from './tls-files.ts'

export interface ReceiverOptions {
  readonly host: string
  readonly port: number
  /** TLS when given, `{}` included; else plain TCP. */
  readonly tls?: TlsOptions
  /** Default 10,000. */
  readonly connectTimeoutMs?: number
  /** Longest time without progress while sending and while waiting for the receiver's FIN; default 30,000. */
  readonly confirmTimeoutMs?: number
}

export interface ReceiverDeps {
  readonly clock: Clock
  /** Told once of each fault that does not stop delivery, such as a new certificate file that cannot be read. */
  readonly onWarning?: (message: string) => void
}

/** Where to connect, and with what. */
export interface ReceiverAddress {
  /** Throws a SyslogError when the TLS files cannot be used. */
  readFiles(): Promise<void>
  connect(signal: AbortSignal): Promise<Connection>
}

export function receiverAddress(options: ReceiverOptions, deps: ReceiverDeps): ReceiverAddress {
  const { host, port, tls } = options
  const context = tls && tlsFiles(tls, deps.onWarning ?? (() => {}))
  return {
    async readFiles() {
      await context?.()
    },

    async connect(signal) {
      const connection = {
        host,
        port,
        connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
        progressTimeoutMs: options.confirmTimeoutMs ?? 30_000,
        ...(context && {
          tls: {
            context: await context(),
            serverName: tls.serverName ?? host,
            hasClientCertificate: tls.certFile !== undefined,
          },
        }),
      }
      return Connection.open(connection, deps.clock, signal)
    },
  }
}
