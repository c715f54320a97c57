import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

/** A TCP or TLS receiver in this process, on a free port of 127.0.0.1, that does to each connection what it is told. */
export class Receiver {
  readonly sockets: Socket[] = []
  readonly #server: Server
  readonly #connections: Socket[] = []
  #bytes = 0
  readonly #chunks: Buffer[] = []

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(
    handle: (socket: Socket, receiver: Receiver) => void,
    tls?: TlsOptions,
  ): Promise<Receiver> {
    const server = tls
      ? createTlsServer({ ...tls, allowHalfOpen: true })
      : createServer({ allowHalfOpen: true })
    const receiver = new Receiver(server)
    server.on('connection', (socket: Socket) => receiver.#connections.push(socket))
    server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
      receiver.sockets.push(socket)
      socket.on('error', () => {})
      handle(socket, receiver)
    })
    server.on('tlsClientError', () => {})
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return receiver
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no TCP port')
    return address.port
  }

  get received(): string {
    return Buffer.concat(this.#chunks).toString('utf8')
  }

  get receivedBytes(): number {
    return this.#bytes
  }

  /** Reads to the end and then closes, as a healthy receiver does. */
  readAll(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length
      this.#chunks.push(chunk)
    })
    if (socket.readableEnded) socket.end()
    else socket.on('end', () => socket.end())
    socket.resume()
  }

  /** Node's TLS server forgets, and leaves open, a connection that the client reset in the handshake. */
  stop(): void {
    for (const socket of [...this.sockets, ...this.#connections]) socket.destroy()
    this.#server.close()
  }
}
