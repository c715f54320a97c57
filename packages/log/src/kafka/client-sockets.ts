import type { Socket } from 'node:net'
import type { ISocketFactory } from 'kafkajs'
import { defaultSocketFactory } from './kafkajs-door.ts'

/**
 * The sockets of one client of kafkajs. A client that is told to disconnect ends those it has just then: one that it
 * opens meanwhile, and one whose other end never answers, it leaves open, and with them the process.
 */
export class ClientSockets {
  readonly #make: ISocketFactory
  readonly #open = new Set<Socket>()
  #isClosed = false

  constructor(make: ISocketFactory = defaultSocketFactory()) {
    this.#make = make
  }

  /** @throws Error when the client was closed: kafkajs takes that for a connection that failed. */
  readonly factory: ISocketFactory = options => {
    if (this.#isClosed) throw new Error('this client was closed')
    const socket = this.#make(options)
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
    return socket
  }

  /** Bytes that have come over each connection that stands. */
  get received(): ReadonlyMap<Socket, number> {
    const standing = [...this.#open].filter(({ readyState }) => readyState === 'open')
    return new Map(standing.map(socket => [socket, socket.bytesRead]))
  }

  /** Destroys what is open, and makes none any more. */
  close(): void {
    this.#isClosed = true
    for (const socket of this.#open) socket.destroy()
  }
}
