import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ISocketFactory } from 'kafkajs'

const keepAliveMs = 60_000

/** As kafkajs makes them itself. */
const plain: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const servername = isIP(host) === 0 ? { servername: host } : {}
  const socket = ssl
    ? connectTls({ host, port, ...servername, ...ssl }, onConnect)
    : connectTcp({ host, port }, onConnect)
  socket.setKeepAlive(true, keepAliveMs)
  return socket
}

/**
 * The sockets of one client of kafkajs. A client that is told to disconnect ends those it has just then: one that it
 * opens meanwhile, and one whose other end never answers, it leaves open, and with them the process.
 */
export class ClientSockets {
  readonly #make: ISocketFactory
  readonly #open = new Set<Socket>()
  #isClosed = false

  constructor(make: ISocketFactory = plain) {
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

  /** Destroys what is open, and makes none any more. */
  close(): void {
    this.#isClosed = true
    for (const socket of this.#open) socket.destroy()
  }
}
