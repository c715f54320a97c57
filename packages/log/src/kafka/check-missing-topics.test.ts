import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shareKafka, skipWithoutKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { checkKafkaLog } from './check-kafka-log.ts'

test('check names a missing topic once, however many foundations need it', async t => {
  if (skipWithoutKafka(t)) return
  const shared = await shareKafka()
  t.after(() => shared.stop())
  const kafka = { brokers: shared.brokers, prefix: `missing-${process.pid}` }
  const asked = {
    kafka,
    foundations: ['one', 'two'],
    polls: true,
    sinks: [],
    topics: { replicationFactor: 1 },
  }
  const found = await checkKafkaLog(asked, systemClock)
  const said = found.flatMap(one => (one.verdict === 'FAIL' ? [one.error.message] : [])).join('\n')
  assert.match(said, /Kafka has no topic/)
  const named = said.match(/missing-\d+\.[\w.-]+/g) ?? []
  assert.equal(named.length, 7, said)
  assert.equal(new Set(named).size, named.length, said)
})
