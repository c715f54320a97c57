import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { begin, temporary } from './command-for-tests.ts'
import { eventually } from './lab-for-tests.ts'

test('a sink that cannot reach Kafka says so, and not that it sends anything again', {
  timeout: 120_000,
}, async t => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  server.close()
  const sink = begin(['sink'], {
    KAFKA_BROKERS: `127.0.0.1:${address.port}`,
    SINK_URL: 'syslog://127.0.0.1:1',
    DATA_DIR: temporary(t),
    HTTP_ADDRESS: '127.0.0.1:0',
  })
  t.after(() => sink.child.kill('SIGKILL'))
  await eventually(async () => /refuses connections.*it is tried again/.test(sink.out()))
  assert.doesNotMatch(sink.out(), /sent again|sentAgain/)
})
