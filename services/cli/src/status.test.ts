import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '@cf-audit-drain/config'
import { statusOf } from './status.ts'

test('/status says where the log is, and what a publish to it promises', async () => {
  const logOf = async (env: Record<string, string>) => {
    const loaded = loadConfig({ env, readFile: () => '' })
    assert.ok('config' in loaded)
    const log = { positions: async () => [], deadLetterCounts: async () => [] }
    const parts = { config: loaded.config, log, foundations: [], workers: [] }
    return ((await statusOf(parts)) as { log: unknown }).log
  }
  assert.deepEqual(await logOf({}), { on: 'disk', delivery: 'exactly-once' })
  const brokers = { KAFKA_BROKERS: 'kafka-1:9092' }
  assert.deepEqual(await logOf(brokers), { on: 'kafka', delivery: 'exactly-once' })
  assert.deepEqual(await logOf({ ...brokers, KAFKA_DELIVERY: 'at-least-once' }), {
    on: 'kafka',
    delivery: 'at-least-once',
  })
})
