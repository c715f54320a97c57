import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

/**
 * What a killed and at once restarted receiver looks like from outside: it has read everything, dies before it has dealt
 * with it, and its kernel closes listening socket and connections; when the sender looks again, another one listens.
 */
export class DyingReceiver {
  readonly port: number
  deaths = 0
  readonly #sockets = new Set<Socket>()
  #server: Server
  #stopped = false

  private constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
  }

  static async start(): Promise<DyingReceiver> {
    const server = createServer({ allowHalfOpen: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no TCP port')
    const receiver = new DyingReceiver(server, address.port)
    receiver.#serve(server)
    return receiver
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #serve(server: Server): void {
    server.on('connection', socket => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => undefined)
      let bytes = 0
      socket.on('data', chunk => {
        bytes += chunk.length
      })
      socket.on('end', () => (bytes > 0 && !this.#stopped ? this.#die(server) : socket.end()))
    })
  }

  #die(server: Server): void {
    this.deaths++
    server.close()
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
    this.#server = createServer({ allowHalfOpen: true })
    this.#server.listen(this.port, '127.0.0.1')
    this.#serve(this.#server)
  }
}
