import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { askBroker } from './ask-broker.ts'
import { beyondDocker } from './docker-cluster.ts'
import { connectDocker, hasTestcontainers } from './docker-engine.ts'
import { startKafka } from './index.ts'
import { kcat, skipWithoutKcat } from './testing/kcat.ts'
import { skipIfGiven } from './testing/skip-if-given.ts'
import { until } from './until.ts'

function skipWithoutTestcontainers(t: TestContext): boolean {
  if (hasTestcontainers()) return false
  t.skip('testcontainers is not installed: npm install --no-save --ignore-scripts testcontainers@12.2.0')
  return true
}

/** True, after skipping aloud, without a Docker that can run Kafka. REQUIRE_PEERS=1 does not ask for one: a JVM does it too. */
async function skipWithoutDocker(t: TestContext): Promise<boolean> {
  if (skipIfGiven(t)) return true
  if (skipWithoutTestcontainers(t)) return true
  try {
    await connectDocker()
    return false
  } catch (error) {
    t.skip((error as Error).message)
    return true
  }
}

test('a broker in Docker that is killed, stopped or paused comes back with its data and its address', async t => {
  if ((await skipWithoutDocker(t)) || skipWithoutKcat(t)) return
  const cluster = await startKafka({
    properties: { 'auto.create.topics.enable': 'true', 'num.partitions': '1' },
  })
  const [address] = cluster.brokers as readonly [string]
  const port = Number(address.split(':')[1])
  try {
    await kcat(cluster.brokers, ['-P', '-t', 'kept'], 'one\n')
    const broker = cluster.broker(0)
    const { pid } = broker
    assert.ok(pid !== null)
    await broker.kill()
    assert.equal(broker.pid, null)
    assert.equal(await askBroker(port), null)
    await broker.start()
    assert.notEqual(broker.pid, pid)
    await broker.stop()
    await broker.start()
    assert.equal(await kcat(cluster.brokers, ['-C', '-t', 'kept', '-o', 'beginning', '-e', '-q']), 'one\n')
    await broker.pause()
    assert.equal(await askBroker(port), null)
    await broker.resume()
    await until('it answers again', async () => (await askBroker(port)) !== null, 10_000)
  } finally {
    await cluster.stop()
  }
  assert.equal(await askBroker(port), null)
})

test('a broker in Docker that does not start is told with what it says, and leaves nothing', async t => {
  if (await skipWithoutDocker(t)) return
  const before = containers()
  await assert.rejects(startKafka({ properties: { 'log.retention.bytes': 'many' } }), {
    message:
      /container \w{12}, did not start: its container has ended; it says\n[\s\S]*log\.retention\.bytes/,
  })
  assert.deepEqual(containers(), before)
})

test('data to be kept in a folder and more than one broker are left to the JVM', () => {
  assert.match(beyondDocker({ folder: '/tmp/kept' }) ?? '', /the folder that was named/)
  assert.match(beyondDocker({ brokers: 3 }) ?? '', /3 brokers/)
  assert.equal(beyondDocker({ brokers: 1, ports: [19092], properties: { 'num.partitions': '1' } }), null)
})

function containers(): readonly string[] {
  const { stdout } = spawnSync('docker', [
    'ps',
    '--all',
    '--quiet',
    '--filter',
    'ancestor=apache/kafka:4.3.1',
  ])
  return stdout.toString().trim().split('\n')
}

test('without a Docker that answers it goes on to the JVM, and says so', t => {
  if (skipIfGiven(t) || skipWithoutTestcontainers(t)) return
  const env = { PATH: '', DOCKER_HOST: 'tcp://127.0.0.1:1', HOME: '/nonexistent' }
  const main = spawnSync(process.execPath, [`${import.meta.dirname}/main.ts`], { env, encoding: 'utf8' })
  assert.match(main.stderr, /not started in Docker, but on a JVM of this machine: no Docker answers/)
  assert.match(main.stderr, /there is no Kafka here: java and mvn not on PATH/)
  assert.equal(main.status, 1)
})
