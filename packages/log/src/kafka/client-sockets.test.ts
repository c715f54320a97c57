import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { ConnectionOptions } from 'node:tls'
import { ClientSockets } from './client-sockets.ts'

/** Without TLS kafkajs gives nothing here, whatever its types say. */
const notTls = undefined as unknown as ConnectionOptions

test('a socket that is opened while its client is being closed is destroyed, and none is made after', async t => {
  const { port, accepted } = await listen(t)
  const sockets = new ClientSockets()
  const asked = { host: '127.0.0.1', port, ssl: notTls, onConnect: () => undefined }
  const [first, second] = [sockets.factory(asked), sockets.factory(asked)]
  await once(first, 'connect')
  sockets.close()
  for (const socket of [first, second]) if (!socket.closed) await once(socket, 'close')
  assert.throws(() => sockets.factory(asked), /was closed/)
  for (const socket of accepted) if (!socket.closed) await once(socket, 'close')
})

/** A server that accepts and says nothing. */
async function listen(t: TestContext) {
  const accepted: Socket[] = []
  const server = createServer(socket => {
    accepted.push(socket.resume())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of accepted) socket.destroy()
  })
  return { port: (server.address() as AddressInfo).port, accepted }
}
