import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { environment, foundationWith, runs, temporary } from './command-for-tests.ts'

test('a poller whose address is taken ends with 2 before it stands for election', {
  timeout: 60_000,
}, async t => {
  const taken = createServer().listen(0, '127.0.0.1')
  // Whoever is connected to is where the brokers would be.
  let connections = 0
  const brokers = createServer(socket => {
    connections++
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await Promise.all([once(taken, 'listening'), once(brokers, 'listening')])
  t.after(() => {
    taken.close()
    brokers.close()
  })
  const portOf = (server: typeof taken) => (server.address() as AddressInfo).port
  const { code, out } = await runs(['poller', '--http-address', `127.0.0.1:${portOf(taken)}`], {
    ...environment(await foundationWith(t, 0), temporary(t)),
    KAFKA_BROKERS: `127.0.0.1:${portOf(brokers)}`,
    SCRUB_KEY: 'k'.repeat(32),
  })
  assert.equal(code, 2, out)
  assert.match(out, /cannot listen on 127\.0\.0\.1:\d+: another process has this address/)
  assert.equal(connections, 0, 'no broker was asked for anything')
})
