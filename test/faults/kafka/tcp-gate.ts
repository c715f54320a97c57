import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/**
 * A way to a server that can be held: connections stay open, new ones are accepted, and no byte gets through in either
 * direction, as behind a firewall that has forgotten them. What was held is passed on later, or never.
 */
export class TcpGate {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #targetPort: number | null = null
  #isHeld = false

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', near => this.#connect(near))
  }

  static async open(): Promise<TcpGate> {
    const server = createServer({ pauseOnConnect: true, noDelay: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new TcpGate(server)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections that wait or come later go there. */
  leadTo(port: number): void {
    this.#targetPort = port
  }

  /** Returns how many connections it holds. */
  hold(): number {
    this.#isHeld = true
    for (const socket of this.#sockets) socket.pause()
    return this.#sockets.size / 2
  }

  /** `late`: every byte that was held arrives now. `never`: the connections of that time are reset. */
  release(held: 'late' | 'never'): void {
    this.#isHeld = false
    for (const socket of this.#sockets)
      if (held === 'late') socket.resume()
      else socket.resetAndDestroy()
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #connect(near: Socket): void {
    if (this.#targetPort === null) {
      near.destroy()
      return
    }
    const far = connect({ host: '127.0.0.1', port: this.#targetPort, noDelay: true })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from)
      from.on('data', bytes => {
        if (!to.write(bytes)) from.pause()
      })
      to.on('drain', () => {
        if (!this.#isHeld) from.resume()
      })
      from.on('end', () => to.end())
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
    if (this.#isHeld) far.pause()
    else near.resume()
  }
}
