import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '@cf-audit-drain/config'
import { statusOf } from './status.ts'

test('a sink that another process delivers is not called unconfigured, one that nobody names is', async () => {
  const at = (sink: string) => ({ sink, offset: 0, lag: 0, oldestUndeliveredMs: null })
  const log = { positions: async () => [at('gone'), at('siem')], deadLetterCounts: async () => [] }
  const status = await statusOf(
    { config: configOf({}), log, foundations: [], workers: [], schemaIds: null },
    ['siem'],
  )
  assert.deepEqual((status as { unconfiguredSinks: unknown }).unconfiguredSinks, ['gone'])
})

test('/status says where the log is, and what a publish to it promises', async () => {
  const logOf = async (env: Record<string, string>) => {
    const log = { positions: async () => [], deadLetterCounts: async () => [] }
    const parts = { config: configOf(env), log, foundations: [], workers: [], schemaIds: null }
    return ((await statusOf(parts, [])) as { log: unknown }).log
  }
  assert.deepEqual(await logOf({}), { on: 'disk', delivery: 'exactly-once' })
  const brokers = { KAFKA_BROKERS: 'kafka-1:9092' }
  assert.deepEqual(await logOf(brokers), { on: 'kafka', delivery: 'exactly-once' })
  assert.deepEqual(await logOf({ ...brokers, KAFKA_DELIVERY: 'at-least-once' }), {
    on: 'kafka',
    delivery: 'at-least-once',
  })
})

function configOf(env: Record<string, string>) {
  const loaded = loadConfig({ env, readFile: () => '' })
  assert.ok('config' in loaded)
  return loaded.config
}
