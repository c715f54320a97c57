import type { Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import { Agent, buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici'
import { proxyFor } from './proxy.ts'
import type { Trust } from './trust.ts'

const keepAliveMs = 30_000

export interface Route {
  readonly dispatcher: Dispatcher
  /** `host:port` of the proxy, without its password; null for a direct connection. */
  readonly proxy: string | null
}

interface Generation {
  readonly context: SecureContext | null
  readonly byProxy: Map<string, Dispatcher>
}

/** The sockets of one foundation: HTTP/1.1 only, one request at a time on each, at most `connectionsMax` per origin. */
export class Connections {
  readonly #trust: Trust | null
  readonly #connectionsMax: number
  readonly #connectTimeoutMs: number
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #sockets = new Set<Socket>()
  readonly #retiring = new Set<Dispatcher>()
  #generation: Generation = { context: null, byProxy: new Map() }

  constructor(options: {
    readonly trust: Trust | null
    readonly connectionsMax: number
    /** An attempt that no request waits for any more must not keep its place for longer. */
    readonly connectTimeoutMs: number
    readonly env: Readonly<Record<string, string | undefined>>
  }) {
    this.#trust = options.trust
    this.#connectionsMax = options.connectionsMax
    this.#connectTimeoutMs = options.connectTimeoutMs
    this.#env = options.env
  }

  /** @throws CaFileError, ProxySettingError */
  async route(url: URL): Promise<Route> {
    const proxy = proxyFor(url, this.#env)
    const context =
      url.protocol === 'https:' && this.#trust ? await this.#trust.context() : this.#generation.context
    if (context !== this.#generation.context) this.#retire(context)
    const key = proxy?.href ?? ''
    let dispatcher = this.#generation.byProxy.get(key)
    if (!dispatcher) {
      dispatcher = proxy ? this.#proxied(proxy, context) : this.#direct(context)
      this.#generation.byProxy.set(key, dispatcher)
    }
    return { dispatcher, proxy: proxy?.host ?? null }
  }

  async close(): Promise<void> {
    const all = [...this.#generation.byProxy.values(), ...this.#retiring]
    const destroyed = all.map(dispatcher => dispatcher.destroy())
    // undici leaves a socket that is still connecting to its timeout, unless it fails.
    for (const socket of this.#sockets) socket.destroy(new Error('closed'))
    await Promise.all(destroyed)
  }

  /** What runs on the old trust ends in its time; new requests go on new connections. */
  #retire(context: SecureContext | null): void {
    for (const dispatcher of this.#generation.byProxy.values()) {
      this.#retiring.add(dispatcher)
      const forget = () => this.#retiring.delete(dispatcher)
      dispatcher.close().then(forget, forget)
    }
    this.#generation = { context, byProxy: new Map() }
  }

  #direct(context: SecureContext | null): Dispatcher {
    return new Agent({ ...this.#poolOptions(), connect: this.#tracked(this.#connector(context)) })
  }

  #proxied(proxy: URL, context: SecureContext | null): Dispatcher {
    const tls = {
      ...(context && { secureContext: context }),
      allowH2: false,
      timeout: this.#connectTimeoutMs,
    }
    return new ProxyAgent({
      ...this.#poolOptions(),
      uri: proxy.href,
      requestTls: tls,
      proxyTls: tls,
      // The client that speaks to the proxy; undici gives it neither limits nor our socket tracking.
      clientFactory: origin =>
        new Pool(origin, {
          ...this.#poolOptions(),
          headersTimeout: this.#connectTimeoutMs,
          connect: this.#tracked(this.#connector(context)),
        }),
    })
  }

  #poolOptions() {
    return {
      allowH2: false,
      connections: this.#connectionsMax,
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      // exchange.ts watches progress by itself, on the injected clock.
      headersTimeout: 0,
      bodyTimeout: 0,
    }
  }

  #connector(context: SecureContext | null): buildConnector.connector {
    return buildConnector({
      ...(context && { secureContext: context }),
      allowH2: false,
      timeout: this.#connectTimeoutMs,
    })
  }

  #tracked(connect: buildConnector.connector): buildConnector.connector {
    return (options, callback) => {
      // Its type says nothing, but the connector returns the socket it has begun to connect.
      const socket: unknown = connect(options, callback)
      if (!isSocket(socket)) return
      this.#sockets.add(socket)
      socket.on('error', () => {}).once('close', () => this.#sockets.delete(socket))
    }
  }
}

function isSocket(value: unknown): value is Socket {
  return typeof value === 'object' && value !== null && 'destroy' in value && 'once' in value
}
