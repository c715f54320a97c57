import { createServer, request as httpRequest } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

/** A proxy that tunnels (CONNECT) and forwards, and sends every name to 127.0.0.1. */
export interface ConnectProxy {
  readonly port: number
  /** `host:port` of each tunnel, and the whole URL of each forwarded request. */
  readonly asked: string[]
  readonly authorizations: (string | undefined)[]
  /** Instead of 200; 0 says nothing at all. */
  status: number
  close(): Promise<void>
}

export async function connectProxy(): Promise<ConnectProxy> {
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    proxy.asked.push(request.url ?? '')
    const { port, pathname, search } = new URL(request.url ?? '')
    const onward = httpRequest({
      port,
      host: '127.0.0.1',
      path: pathname + search,
      method: request.method,
      headers: request.headers,
    })
    onward.on('response', answer => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    request.pipe(onward)
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  })
  server.on('connect', (request, socket) => {
    proxy.asked.push(request.url ?? '')
    proxy.authorizations.push(request.headers['proxy-authorization'])
    if (proxy.status === 0) return
    if (proxy.status !== 200) return void socket.end(`HTTP/1.1 ${proxy.status} No\r\n\r\n`)
    const onward = connect(Number(request.url?.split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    sockets.add(onward)
    onward.on('error', () => socket.destroy()).once('close', () => sockets.delete(onward))
    socket.on('error', () => onward.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const proxy: ConnectProxy = {
    port: (server.address() as AddressInfo).port,
    asked: [],
    authorizations: [],
    status: 200,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return proxy
}
