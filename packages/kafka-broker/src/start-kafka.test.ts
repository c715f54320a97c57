import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { askBroker } from './ask-broker.ts'
import { kafkaMissing } from './find-kafka.ts'
import { type KafkaCluster, type KafkaOptions, startKafka } from './index.ts'
import { skipWithoutKafka } from './skip-without-kafka.ts'
import { kcat, skipWithoutKcat } from './testing/kcat.ts'
import { skipIfGiven } from './testing/skip-if-given.ts'

const properties = { 'auto.create.topics.enable': 'true', 'num.partitions': '1' }

let cluster: KafkaCluster | null = null
let folder = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kafka-broker-test-'))
  if (kafkaMissing() === null && !process.env['KAFKA_BROKERS']) cluster = await startKafka({ properties })
})

after(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

function portOf({ brokers }: KafkaCluster): number {
  return Number(brokers[0]?.split(':')[1])
}

test('kcat sees the one broker, and reads what it wrote', async t => {
  if (skipWithoutKafka(t) || skipIfGiven(t) || skipWithoutKcat(t) || !cluster) return
  assert.match(await kcat(cluster.brokers, ['-L']), new RegExp(`broker \\d+ at ${cluster.brokers[0]}`))
  const topic = `kafka-broker-test-${process.pid}`
  await kcat(cluster.brokers, ['-P', '-t', topic], 'one\ntwo\n')
  assert.equal(await kcat(cluster.brokers, ['-C', '-t', topic, '-o', 'beginning', '-e', '-q']), 'one\ntwo\n')
})

test('a broker that is killed keeps what it acknowledged, and its address', async t => {
  if (skipWithoutKafka(t) || skipIfGiven(t) || skipWithoutKcat(t) || !cluster) return
  await kcat(cluster.brokers, ['-P', '-t', 'kept'], 'kept\n')
  const broker = cluster.broker(0)
  const { pid } = broker
  await broker.kill()
  assert.equal(broker.pid, null)
  assert.equal(await askBroker(portOf(cluster)), null)
  await broker.start()
  assert.notEqual(broker.pid, pid)
  assert.equal(await kcat(cluster.brokers, ['-C', '-t', 'kept', '-o', 'beginning', '-e', '-q']), 'kept\n')
})

test('a broker whose port was taken while it was down says so, and starts when it is free again', async t => {
  if (skipWithoutKafka(t) || skipIfGiven(t) || !cluster) return
  const broker = cluster.broker(0)
  await broker.stop()
  const thief = createServer(socket => socket.destroy())
  await new Promise<void>(resolve => thief.listen(portOf(cluster as KafkaCluster), '127.0.0.1', resolve))
  t.after(() => thief.close())
  await assert.rejects(broker.start(), {
    message: /did not start: [\s\S]*address already in use/i,
  })
  await new Promise(resolve => thief.close(resolve))
  await broker.start()
  assert.notEqual(await askBroker(portOf(cluster)), null)
})

test('a paused broker does not answer, and a resumed one does', async t => {
  if (skipWithoutKafka(t) || skipIfGiven(t) || !cluster) return
  await cluster.broker(0).pause()
  assert.equal(await askBroker(portOf(cluster)), null)
  await cluster.broker(0).resume()
  assert.notEqual(await askBroker(portOf(cluster)), null)
})

test('a port that was asked for and is taken is refused before anything is started', async t => {
  if (skipWithoutKafka(t) || skipIfGiven(t) || !cluster) return
  const ports = [portOf(cluster)]
  await assert.rejects(startKafka({ ports }), {
    message: new RegExp(`port ${ports[0]} of 127.0.0.1 is taken`),
  })
})

test('a start that fails names the log and quotes its end', async t => {
  if (skipWithoutKafka(t) || skipIfGiven(t)) return
  const data = join(folder, 'of-another-node')
  await mkdir(join(data, 'node-1', 'data'), { recursive: true })
  await writeFile(join(data, 'node-1', 'data', 'meta.properties'), 'version=1\ncluster.id=x\nnode.id=7\n')
  await assert.rejects(startKafka({ folder: data }), ({ message }: Error) => {
    assert.ok(message.includes(`${join(data, 'node-1', 'kafka.log')} says\n`), message)
    assert.match(message, /Stored node id 7 doesn't match/)
    return true
  })
})

test('a folder that was named is kept with its data, and a start on it finds them', async t => {
  if (skipWithoutKafka(t) || skipIfGiven(t) || skipWithoutKcat(t)) return
  const options: KafkaOptions = { properties, folder: join(folder, 'kept') }
  const first = await startKafka(options)
  try {
    await kcat(first.brokers, ['-P', '-t', 'kept'], 'kept\n')
  } finally {
    await first.stop()
  }
  assert.ok(existsSync(join(folder, 'kept', 'node-1')))
  const second = await startKafka(options)
  try {
    assert.equal(await kcat(second.brokers, ['-C', '-t', 'kept', '-o', 'beginning', '-e', '-q']), 'kept\n')
  } finally {
    await second.stop()
  }
})

test('a start that is given up rejects with the reason', async t => {
  if (skipWithoutKafka(t) || skipIfGiven(t)) return
  const giveUp = new AbortController()
  const starting = startKafka({ signal: giveUp.signal, folder: join(folder, 'given-up') })
  giveUp.abort(new Error('enough'))
  await assert.rejects(starting, /enough/)
})
