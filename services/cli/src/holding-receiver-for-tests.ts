import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** A SIEM that counts every guid it reads, and that can be told to confirm nothing for a while. */
export class HoldingReceiver {
  /** How often each guid came. */
  readonly seen = new Map<string, number>()
  readonly #held = new Set<Socket>()
  #isHolding = false
  #port = 0

  static async start(t: TestContext): Promise<HoldingReceiver> {
    const receiver = new HoldingReceiver()
    const sockets = new Set<Socket>()
    const server = createServer({ allowHalfOpen: true }, socket => {
      sockets.add(socket)
      receiver.#serve(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    receiver.#port = typeof address === 'object' ? (address?.port ?? 0) : 0
    t.after(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    return receiver
  }

  get url(): string {
    return `syslog://127.0.0.1:${this.#port}`
  }

  /** Connections that wait for their end to be answered. */
  get held(): number {
    return this.#held.size
  }

  hold(): void {
    this.#isHolding = true
  }

  release(): void {
    this.#isHolding = false
    for (const socket of this.#held) socket.end()
    this.#held.clear()
  }

  #serve(socket: Socket): void {
    const chunks: Buffer[] = []
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('end', () => {
      for (const [, guid = ''] of Buffer.concat(chunks)
        .toString()
        .matchAll(/externalId=(\S+)/g))
        this.seen.set(guid, (this.seen.get(guid) ?? 0) + 1)
      if (this.#isHolding) this.#held.add(socket)
      else socket.end()
    })
  }
}
