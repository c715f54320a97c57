import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { shareKafka, skipWithoutKafka } from '@cf-audit-drain/kafka-broker'
import { seenByKcat, skipWithoutKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { freePort, hasProgram, startRsyslogd } from '@cf-audit-drain/syslog/testing/rsyslogd'
import { startDrain } from '../bench/drain.ts'
import { Simulator } from '../faults/simulator.ts'

/**
 * Goal: poller, Kafka and sink as three processes lose and double nothing. Method: the recorded events through a real
 * broker to a real rsyslogd; kcat, which is not ours, says what the log holds.
 */
test('every recorded event goes through Kafka once, from a poller process to a sink process', {
  timeout: 180_000,
}, async t => {
  if (skipWithoutKafka(t) || skipWithoutKcat(t) || !hasProgram(t, 'rsyslogd', 'rsyslog')) return
  const folder = mkdtempSync(join(tmpdir(), 'end-to-end-kafka-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const kafka = await shareKafka()
  t.after(() => kafka.stop())
  const brokers = kafka.brokers.join(',')
  const port = await freePort()
  const rsyslogd = await startRsyslogd({ folder, port, maxMessageSize: '8k' })
  t.after(() => rsyslogd.stop())
  const simulator = await Simulator.start(folder, ['--recorded'])
  t.after(() => simulator.stop())
  const shown = await simulator.events()
  const foundation = `end-to-end-${process.pid}`
  // A Kafka that is given may hold the log of others: a sink of theirs must not deliver what is made up here.
  const prefix = `end-to-end-${process.pid}`
  const topic = `${prefix}.events.${foundation}`

  async function run(command: 'poller' | 'sink'): Promise<void> {
    const drain = startDrain(
      folder,
      simulator,
      ['--until-caught-up'],
      {
        CF_FOUNDATION: foundation,
        KAFKA_BROKERS: brokers,
        KAFKA_PREFIX: prefix,
        SINK_URL: `syslog://127.0.0.1:${port}?format=cef`,
      },
      command,
    )
    await drain.exited
    assert.equal(drain.end, 0, readFileSync(join(folder, 'drain.out'), 'utf8').slice(-2_000))
  }
  await run('poller')
  const records = await seenByKcat(kafka.brokers, topic)
  for (const { guid, headers } of records) {
    assert.deepEqual([headers['foundation'], headers['type']], [foundation, shown.get(guid)?.type])
    assert.match(String(headers['schema']), /^[0-9a-f]{16}$/)
  }
  const held = records.map(({ guid }) => guid)
  assert.equal(held.length, shown.size, 'one record an event')
  assert.deepEqual(new Set(held), new Set(shown.keys()))

  await run('sink')
  const lines = await rsyslogd.lines()
  assert.equal(lines.length, shown.size, 'one line an event')

  await run('poller')
  await run('sink')
  assert.equal((await keysByKcat(kafka.brokers, topic)).length, shown.size)
  assert.equal((await rsyslogd.lines()).length, shown.size, 'a second run sends nothing again')
})

const keysByKcat = async (brokers: readonly string[], topic: string): Promise<readonly string[]> =>
  (await seenByKcat(brokers, topic)).map(({ guid }) => guid)
