import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, startKafka } from '@cf-audit-drain/kafka-broker'
import { openKafkaLog } from '@cf-audit-drain/log/kafka'
import { type GivenRight, rightsOfUser } from '@cf-audit-drain/log/testing/acls'
import { systemClock } from '@cf-audit-drain/pipeline'
import { begin, temporary } from './command-for-tests.ts'
import { sendableEntries } from './entries-for-tests.ts'
import { HoldingReceiver } from './holding-receiver-for-tests.ts'
import { eventually, LabRun } from './lab-for-tests.ts'

const user = 'cf-audit-sink'
const password = 's-word'
const given = process.env['KAFKA_BROKERS'] ? 'KAFKA_BROKERS is set: its rights are not ours to change' : null

/**
 * Goal: a sink that was never let see the events of a foundation of its configuration says which rights it lacks,
 * wherever one looks, and goes on by itself once it has them.
 */
describe('a sink whose configuration names foundations', {
  concurrency: true,
  skip: reasonToSkipKafka() || (given ?? false),
}, () => {
  let kafka: KafkaCluster
  let rights: Awaited<ReturnType<typeof rightsOfUser>>
  let prefixes = 0

  before(async () => {
    kafka = await startKafka({ secured: { users: { [user]: password } } })
    rights = await rightsOfUser(kafka.brokers, user)
  })
  after(async () => {
    await rights?.close()
    await kafka?.stop()
  })

  const newPrefix = () => `hidden-${process.pid}-${++prefixes}`
  const right = (operation: GivenRight['operation'], name: string): GivenRight => ({
    resource: 'topic',
    prefix: name,
    operation,
  })
  const ofAnySink = (prefix: string): readonly GivenRight[] => [
    { resource: 'group', prefix: `${prefix}.sink.`, operation: 'Read' },
    right('Read', `${prefix}.dead-letters`),
    right('Write', `${prefix}.dead-letters`),
  ]
  const ofFoundation = (prefix: string, name: string): readonly GivenRight[] =>
    ['events', 'state'].map(what => right('Read', `${prefix}.${what}.${name}`))

  /** With what one asks it. */
  const startSink = async (t: TestContext, prefix: string, foundations: readonly string[]) => {
    const receiver = await HoldingReceiver.start(t)
    const dir = temporary(t)
    const file = join(dir, 'config.yaml')
    const sasl = { mechanism: 'PLAIN', username: user, password }
    const cf = { api: 'http://127.0.0.1:1', clientId: 'c', clientSecret: 's' }
    const config = {
      foundations: foundations.map(name => ({ name, ...cf })),
      log: { kafka: { brokers: kafka.secured, sasl, prefix } },
      sinks: [{ name: 'siem', url: receiver.url }],
      http: { address: '127.0.0.1:0' },
    }
    writeFileSync(file, JSON.stringify(config))
    const running = begin(['sink', '--config', file], { DATA_DIR: join(dir, 'data') })
    t.after(() => running.child.kill('SIGKILL'))
    const sink = new LabRun(running)
    const status = async () => JSON.parse(await sink.get('/status')).sinks[0]
    const ready = async () => JSON.parse(await sink.get('/readyz'))
    const unread = async () =>
      /^cf_audit_sink_unread\{sink="siem"\} (\d)/m.exec(await sink.get('/metrics'))?.[1]
    return { sink, running, receiver, status, ready, unread }
  }

  const publish = async (t: TestContext, prefix: string, foundations: readonly string[]) => {
    const log = openKafkaLog(
      { brokers: kafka.brokers, prefix, createTopics: { replicationFactor: 1 } },
      { clock: systemClock },
    )
    t.after(() => log.close())
    for (const [i, name] of foundations.entries())
      await (await log.writer(name)).publish(sendableEntries(name, 10 * i, 10), `ten of ${name}`)
  }

  const lacking = (prefix: string, foundation: string) => {
    const topics = ['events', 'state'].map(what => `${prefix}.${what}.${foundation}`)
    const commands = topics.map(topic => `kafka-acls [^;]* --operation Read --topic ${topic}`)
    return new RegExp(
      `this login ${topics.map(topic => `Read on the topic ${topic}`).join(', ')}; do: ${commands.join(' ; ')}$`,
    )
  }

  test('and whose login may see none of them names each right on the log once, on /status, /readyz and /metrics, and goes on once it has them', {
    timeout: 200_000,
  }, async t => {
    const prefix = newPrefix()
    const foundations = ['one', 'two']
    await publish(t, prefix, foundations)
    await rights.give(...ofAnySink(prefix))
    const { sink, receiver, status, ready, unread } = await startSink(t, prefix, foundations)
    await eventually(async () => (await status()).unread.length === 2)
    const { state, unread: told } = await status()
    assert.equal(state, 'failing')
    assert.deepEqual(told.map(({ foundation }: { foundation: string }) => foundation).toSorted(), foundations)
    for (const { foundation, message } of told) assert.match(message, lacking(prefix, foundation))
    assert.equal((await ready()).ready, false)
    assert.equal(await unread(), '2')
    // Through several looks at what topics there are.
    const untilMs = systemClock.monotonic() + 12_000
    await eventually(async () => {
      assert.equal((await ready()).ready, false)
      return systemClock.monotonic() > untilMs
    })
    for (const name of foundations) {
      const lines = sink
        .out()
        .split('\n')
        .filter(line => line.includes(`--topic ${prefix}.events.${name}`))
      assert.equal(lines.length, 1, sink.out())
    }
    assert.doesNotMatch(sink.out(), /there is no topic/)

    await rights.give(...ofFoundation(prefix, 'one'))
    await eventually(async () => receiver.seen.size === 10 && (await unread()) === '1')
    await rights.give(...ofFoundation(prefix, 'two'))
    await eventually(async () => receiver.seen.size === 20 && (await ready()).ready)
    assert.deepEqual((await status()).unread, [])
    assert.equal(await unread(), '0')
    assert.doesNotMatch(sink.out(), /was deleted/)
  })

  test('that are not there yet, and may be read, waits for them as for any first topic', {
    timeout: 120_000,
  }, async t => {
    const prefix = newPrefix()
    await rights.give(...ofAnySink(prefix), ...ofFoundation(prefix, 'one'))
    const { sink, receiver, status, ready } = await startSink(t, prefix, ['one'])
    await eventually(async () => /there is no topic/.test(sink.out()))
    assert.deepEqual((await status()).unread, [])
    assert.equal((await ready()).ready, true)
    await publish(t, prefix, ['one'])
    await eventually(async () => receiver.seen.size === 10)
  })

  test('which are not there when the right to them comes says nothing of a deletion', {
    timeout: 120_000,
  }, async t => {
    const prefix = newPrefix()
    await rights.give(...ofAnySink(prefix))
    const { sink, receiver, ready } = await startSink(t, prefix, ['one'])
    await eventually(async () => !(await ready()).ready)
    await rights.give(...ofFoundation(prefix, 'one'))
    await eventually(async () => (await ready()).ready)
    await publish(t, prefix, ['one'])
    await eventually(async () => receiver.seen.size === 10)
    assert.doesNotMatch(sink.out(), /was deleted/)
  })

  test('and that has no right at all ends with all that check names', { timeout: 60_000 }, async t => {
    const prefix = newPrefix()
    await rights.give({ resource: 'group', prefix: `${prefix}.sink.`, operation: 'Read' })
    const { running } = await startSink(t, prefix, ['one'])
    const { code, out } = await running.ended
    assert.equal(code, 4, out)
    const named = ['events.one', 'state.one', 'dead-letters'].map(what => `--topic ${prefix}.${what}`)
    for (const topic of named) assert.ok(out.includes(topic), out)
  })
})
