import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { Receiver } from './testing/receiver.ts'
import { until } from './testing/rsyslogd.ts'
import { transmitQueue, unacknowledgedBytes } from './unacknowledged-bytes.ts'

test('the transmit queue is found by both ports, and the larger of two counts', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 0100007F:9C40 0100007F:1F90 01 00000010:00000000 00:00000000 00000000  1000
   1: 0200007F:9C40 0300007F:1F90 01 0000FF10:00000000 00:00000000 00000000  1000
   2: 0100007F:1F90 0100007F:9C40 01 00ABCDEF:00000000 00:00000000 00000000  1000
`
  assert.equal(transmitQueue(table, 40_000, 8_080), 0xff10)
  assert.equal(transmitQueue(table, 40_001, 8_080), null)
})

test('a real connection to a receiver that does not read has unacknowledged bytes, and none once it does', async t => {
  if (process.platform !== 'linux') return t.skip('only Linux tells')
  const receiver = await Receiver.start(socket => socket.pause())
  const socket = connect({ host: '127.0.0.1', port: receiver.port })
  t.after(() => {
    socket.destroy()
    receiver.stop()
  })
  await once(socket, 'connect')
  socket.write(Buffer.alloc(32 << 20))
  const queued = () => unacknowledgedBytes('IPv4', socket.localPort ?? 0, receiver.port)
  await until(async () => ((await queued()) ?? 0) > 0, 5_000)
  for (const peer of receiver.sockets) peer.resume()
  await until(async () => (await queued()) === 0 && socket.writableLength === 0, 10_000)
})
