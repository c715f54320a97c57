import { isIP } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'
import type { ISocketFactory } from 'kafkajs'

const keepAliveMs = 60_000

/**
 * TLS sockets, each with what `ssl` gives when it is made: kafkajs keeps its options for as long as a client lives. What
 * `ssl` throws, as in the middle of a rotation, is a failed connection, and that is tried again.
 */
export function followingTls(ssl: () => ConnectionOptions): ISocketFactory {
  return ({ host, port, onConnect }) => {
    const servername = isIP(host) === 0 ? { servername: host } : {}
    const socket = connect({ host, port, ...servername, ...ssl() }, onConnect)
    socket.setKeepAlive(true, keepAliveMs)
    return socket
  }
}
