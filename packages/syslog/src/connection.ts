import { isIP, type Socket, connect as tcpConnect } from 'node:net'
import { checkServerIdentity, type SecureContext, type TLSSocket, connect as tlsConnect } from 'node:tls'
import type { Clock } from '@cf-audit-drain/pipeline'
import { SyslogError } from './syslog-error.ts'
import { unacknowledgedBytes } from './unacknowledged-bytes.ts'

export interface ConnectionOptions {
  readonly host: string
  readonly port: number
  readonly tls?: {
    readonly context: SecureContext
    readonly serverName: string
    readonly hasClientCertificate: boolean
  }
  readonly connectTimeoutMs: number
  /** Longest time without progress: no byte taken by the receiver, no answer to our FIN. */
  readonly progressTimeoutMs: number
  /** Bytes the receiver's kernel has not acknowledged; null when unknown. Default: asks our kernel, not for loopback. */
  readonly unacknowledged?: (socket: Socket) => Promise<number | null>
}

type Phase = 'connecting' | 'sending' | 'closing' | 'done'

interface Waiter {
  resolve(): void
  reject(reason: unknown): void
}

/**
 * One connection to a receiver that never speaks, and what can be learned from how it ends. Every method rejects as soon
 * as the connection has failed, the signal is aborted, or nothing has moved for too long; then only `reset` is left to call.
 */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #clock: Clock
  readonly #signal: AbortSignal
  readonly #raw: Socket
  #socket: Socket | TLSSocket
  #phase: Phase = 'connecting'
  #failure: { readonly reason: unknown } | undefined
  #waiter: Waiter | undefined
  #progressAt: number
  #connectMs = 0
  readonly #ended = new AbortController()

  private constructor(options: ConnectionOptions, clock: Clock, signal: AbortSignal) {
    this.#options = options
    this.#clock = clock
    this.#signal = signal
    this.#progressAt = clock.monotonic()
    this.#raw = tcpConnect({ host: options.host, port: options.port, allowHalfOpen: true, noDelay: true })
    this.#socket = this.#raw
  }

  /** TCP, and TLS with the receiver's certificate checked. */
  static async open(options: ConnectionOptions, clock: Clock, signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted()
    const connection = new Connection(options, clock, signal)
    try {
      await connection.#connect()
      return connection
    } catch (error) {
      connection.reset()
      throw error
    }
  }

  /** What the TCP handshake took: one round trip. */
  get connectMs(): number {
    return this.#connectMs
  }

  get tls(): TLSSocket | null {
    return this.#socket === this.#raw ? null : (this.#socket as TLSSocket)
  }

  /** Resolves when our kernel has taken the bytes; until then they must not be changed. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#wait(waiter => {
      this.#socket.write(bytes, error => {
        if (!error) waiter.resolve()
      })
    })
    this.#moved()
  }

  /**
   * Resolves when the receiver's kernel has acknowledged every byte, where the system tells (Linux), and when it has then
   * for `ms` neither closed nor reset the connection.
   */
  async settle(ms: number): Promise<void> {
    const { unacknowledged = unacknowledgedOf } = this.#options
    let queued = Number.MAX_SAFE_INTEGER
    for (let pauseMs = 1; ; pauseMs = Math.min(50, pauseMs * 2)) {
      const now = (await unacknowledged(this.#raw)) ?? 0
      if (now === 0) break
      if (now < queued) this.#moved()
      queued = now
      await this.#pause(pauseMs)
    }
    this.#moved()
    await this.#pause(ms)
    await this.#look()
  }

  /**
   * FIN (after close_notify), then the receiver's FIN without an error: it has read everything to the end. Resolves to
   * how long the answer took, milliseconds.
   */
  async finish(): Promise<number> {
    this.#moved()
    const startedAt = this.#clock.monotonic()
    let sent = false
    await this.#wait(waiter => {
      this.#socket.once('finish', () => {
        sent = true
      })
      this.#socket.removeListener('end', this.#onEnd)
      this.#socket.once('end', () => (sent ? waiter.resolve() : this.#onEnd()))
      this.#phase = 'closing'
      this.#socket.end()
    })
    this.#phase = 'done'
    this.#release()
    this.#socket.destroy()
    return this.#clock.monotonic() - startedAt
  }

  /** Ends a connection nothing depends on, without waiting for the receiver. */
  leave(): void {
    if (this.#phase === 'done') return
    this.#phase = 'done'
    this.#release()
    this.#socket.destroySoon()
  }

  /** Drops the connection with an RST, so that what our kernel still holds is not sent. Safe at any time, and twice. */
  reset(): void {
    if (this.#phase === 'done') return
    this.#phase = 'done'
    this.#release()
    // resetAndDestroy takes only a plain socket; the TLS one is then taken down with it.
    this.#raw.resetAndDestroy()
    this.#socket.destroy()
  }

  async #connect(): Promise<void> {
    const { tls } = this.#options
    this.#signal.addEventListener('abort', this.#onAbort, { once: true })
    void this.#watch()
    let startedAt = this.#clock.monotonic()
    this.#raw.on('connectionAttempt', () => {
      startedAt = this.#clock.monotonic()
    })
    this.#raw.on('error', this.#onError)
    await this.#wait(waiter => this.#raw.once('connect', () => waiter.resolve()))
    this.#connectMs = this.#clock.monotonic() - startedAt
    this.#moved()
    if (tls) await this.#handshake(tls)
    this.#phase = 'sending'
    this.#socket.on('end', this.#onEnd)
    this.#socket.on('close', this.#onClose)
    this.#socket.resume()
  }

  async #handshake(tls: NonNullable<ConnectionOptions['tls']>): Promise<void> {
    const { context, serverName } = tls
    const socket = tlsConnect({
      socket: this.#raw,
      secureContext: context,
      ...(isIP(serverName) === 0 && { servername: serverName }),
      checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
    })
    this.#socket = socket
    socket.on('error', this.#onError)
    await this.#wait(waiter => {
      socket.once('secureConnect', () => waiter.resolve())
      socket.once('close', this.#onClose)
    })
    this.#moved()
  }

  async #pause(ms: number): Promise<void> {
    await this.#wait(waiter => {
      this.#clock.sleep(ms, this.#ended.signal).then(waiter.resolve, () => {})
    })
  }

  /**
   * In a busy process a timer comes before what has long been in the kernel. So the event loop has to ask the kernel, in vain:
   * the first turn may be the rest of one in which it has asked already.
   */
  async #look(): Promise<void> {
    for (let quietTurns = 0; quietTurns < 2; ) {
      const seen = this.#raw.bytesRead
      await this.#wait(waiter => setImmediate(waiter.resolve))
      quietTurns = this.#raw.bytesRead === seen ? quietTurns + 1 : 0
    }
  }

  #wait(start: (waiter: Waiter) => void): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (this.#failure) return reject(this.#failure.reason)
      this.#waiter = { resolve, reject }
      start(this.#waiter)
    })
  }

  #moved(): void {
    this.#progressAt = this.#clock.monotonic()
  }

  #fail(reason: unknown): void {
    if (this.#failure || this.#phase === 'done') return
    this.#failure = { reason }
    this.#waiter?.reject(reason)
  }

  async #watch(): Promise<void> {
    while (!this.#ended.signal.aborted && !this.#failure) {
      const { connectTimeoutMs, progressTimeoutMs } = this.#options
      const allowedMs = this.#phase === 'connecting' ? connectTimeoutMs : progressTimeoutMs
      const leftMs = this.#progressAt + allowedMs - this.#clock.monotonic()
      if (leftMs <= 0) return this.#fail(this.#timeoutError(allowedMs))
      // No longer than the shorter allowance: the phase may change meanwhile.
      const sleepMs = Math.min(leftMs, connectTimeoutMs, progressTimeoutMs)
      await this.#clock.sleep(sleepMs, this.#ended.signal).catch(() => {})
    }
  }

  #release(): void {
    this.#ended.abort()
    this.#signal.removeEventListener('abort', this.#onAbort)
  }

  readonly #onAbort = (): void => this.#fail(this.#signal.reason)

  readonly #onError = (error: NodeJS.ErrnoException): void => this.#fail(this.#explain(error))

  readonly #onEnd = (): void => {
    this.#fail(
      new SyslogError(
        'closed',
        `${this.#peer} closed the connection before we did${this.#certificateHint()}; what it has read is unknown`,
      ),
    )
  }

  readonly #onClose = (): void => {
    this.#fail(new SyslogError('reset', `${this.#peer} broke the connection${this.#certificateHint()}`))
  }

  get #peer(): string {
    return `${this.#options.tls ? 'the TLS receiver' : 'the receiver'} ${this.#options.host}:${this.#options.port}`
  }

  /** With TLS 1.3 the client's part is done before the server has looked at its certificate (RFC 8446 §4.4.2). */
  #certificateHint(): string {
    const { tls } = this.#options
    if (!tls) return ''
    return tls.hasClientCertificate
      ? ' (it may refuse our client certificate: look into its log)'
      : ' (it may ask for a client certificate, and none is configured: look into its log)'
  }

  #timeoutError(ms: number): SyslogError {
    const what =
      this.#phase === 'connecting'
        ? `did not accept a connection within ${ms} ms`
        : this.#phase === 'sending'
          ? `took no byte for ${ms} ms`
          : `did not answer the end of the connection within ${ms} ms`
    return new SyslogError('timeout', `${this.#peer} ${what}`)
  }

  #explain(error: NodeJS.ErrnoException): SyslogError {
    const code = error.code ?? ''
    const cause = { cause: error }
    if (code.includes('_ALERT_')) {
      const alert = code
        .replace(/^ERR_SSL_/, '')
        .toLowerCase()
        .replaceAll('_', ' ')
      const hint = /certificate|unknown_ca|handshake_failure/i.test(code) ? this.#certificateHint() : ''
      return new SyslogError('tls', `${this.#peer} refused us with the TLS alert '${alert}'${hint}`, cause)
    }
    if (this.#phase !== 'connecting') {
      return new SyslogError(
        'reset',
        `${this.#peer} broke the connection (${code})${this.#certificateHint()}`,
        cause,
      )
    }
    if (this.#socket === this.#raw) {
      return new SyslogError(
        'unreachable',
        `cannot connect to ${this.#peer}: ${error.message || code}`,
        cause,
      )
    }
    const hint = code === 'ECONNRESET' ? this.#certificateHint() : ''
    return new SyslogError('tls', `TLS with ${this.#peer} failed: ${tlsProblem(error)}${hint}`, cause)
  }
}

/**
 * To ourselves the kernel delivers at once: bytes wait only where others wait unread before them, and a receiver that
 * closes over unread bytes resets.
 */
async function unacknowledgedOf(socket: Socket): Promise<number | null> {
  const { localPort, remotePort, remoteAddress = '', remoteFamily } = socket
  if (localPort === undefined || remotePort === undefined) return null
  if (/^(127\.|::1$)/.test(remoteAddress)) return 0
  return unacknowledgedBytes(remoteFamily === 'IPv6' ? 'IPv6' : 'IPv4', localPort, remotePort)
}

/** What the operator can do; Node's own advice is about Node's command line. */
function tlsProblem({ code = '', message }: NodeJS.ErrnoException): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `its certificate has another name; set tls.serverName to a name it has (${message})`
  if (/^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_UNTRUSTED|CERT_SIGNATURE)/.test(code))
    return `its certificate is signed by no authority we trust; set tls.caFile to that authority's (${code})`
  return message || code
}
