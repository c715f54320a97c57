import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { SimulatorOptions } from './foundation-contract.ts'

/** A HTTP server on one address, 127.0.0.1 unless told otherwise, that can go away and come back on the same port. */
export class ListeningServer {
  readonly #handler: RequestListener
  readonly #tls: { readonly cert: string; readonly key: string } | undefined
  readonly #host: string
  #server: Server | null = null
  #port: number

  constructor(
    handler: RequestListener,
    port: number,
    { host = '127.0.0.1', tls }: Pick<SimulatorOptions, 'host' | 'tls'> = {},
  ) {
    this.#handler = handler
    this.#port = port
    this.#tls = tls
    this.#host = host
  }

  get url(): string {
    return `${this.#tls ? 'https' : 'http'}://${this.#host}:${this.#port}`
  }

  async listen(): Promise<void> {
    const options = { keepAliveTimeout: 60_000 }
    const server = this.#tls
      ? createTlsServer({ ...this.#tls, ...options }, this.#handler)
      : createServer(options, this.#handler)
    server.on('clientError', (_error, socket) => socket.destroy())
    server.listen(this.#port, this.#host)
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** Open connections are cut. Until `listen` again, new ones are refused. */
  async close(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server === null) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
}
