import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startKafka } from './index.ts'
import { skipWithoutKafka } from './skip-without-kafka.ts'
import { kcat, skipWithoutKcat } from './testing/kcat.ts'
import { skipIfGiven } from './testing/skip-if-given.ts'

const properties = { 'auto.create.topics.enable': 'true', 'num.partitions': '1' }

test('three brokers form one cluster, which goes on when one is killed and takes it back', async t => {
  if (skipWithoutKafka(t) || skipIfGiven(t) || skipWithoutKcat(t)) return
  const cluster = await startKafka({ brokers: 3, properties })
  try {
    const list = await kcat(cluster.brokers, ['-L'])
    assert.match(list, /^ 3 brokers:$/m)
    for (const address of cluster.brokers) assert.ok(list.includes(`at ${address}`), list)
    await kcat(cluster.brokers, ['-P', '-t', 'three'], 'before\n')
    await cluster.broker(0).kill()
    await kcat(cluster.brokers, ['-P', '-t', 'three', '-X', 'acks=all'], 'without the first\n')
    await cluster.broker(0).start()
    assert.equal(
      await kcat(cluster.brokers, ['-C', '-t', 'three', '-o', 'beginning', '-e', '-q']),
      'before\nwithout the first\n',
    )
  } finally {
    await cluster.stop()
  }
})
