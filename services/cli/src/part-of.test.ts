import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '@cf-audit-drain/config'
import { partOf } from './part-of.ts'

const foundation = { CF_API: 'https://api.example.com', CF_CLIENT_ID: 'drain', CF_CLIENT_SECRET: 'secret' }
const kafka = { KAFKA_BROKERS: '127.0.0.1:9092' }
const sink = { SINK_URL: 'syslog://127.0.0.1:514' }

function configOf(env: Readonly<Record<string, string>>) {
  const loaded = loadConfig({ env, readFile: () => assert.fail('no file is named') })
  return 'config' in loaded ? loaded.config : assert.fail(JSON.stringify(loaded.faults))
}

test('a poller has no sinks, a sink no foundations, and start has both', () => {
  const config = configOf({ ...foundation, ...sink, ...kafka })
  const counts = (command: 'start' | 'poller' | 'sink') => {
    const { foundations, sinks } = partOf(command, config)
    return [foundations.length, sinks.length]
  }
  assert.deepEqual(
    [counts('start'), counts('poller'), counts('sink')],
    [
      [1, 1],
      [1, 0],
      [0, 1],
    ],
  )
})

test('processes of their own need Kafka between them, and something to do', () => {
  assert.throws(() => partOf('poller', configOf({ ...foundation, ...sink })), /KAFKA_BROKERS.*or use start/)
  assert.throws(
    () => partOf('migrate', configOf({ ...foundation, ...sink })),
    /into Kafka: set KAFKA_BROKERS/,
  )
  assert.throws(() => partOf('poller', configOf({ ...sink, ...kafka })), /needs a foundation/)
  assert.throws(() => partOf('sink', configOf({ ...foundation, ...kafka })), /needs a sink/)
})
