import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '@cf-audit-drain/config'
import { systemClock } from '@cf-audit-drain/pipeline'
import { PatientReading } from '@cf-audit-drain/runtime'
import type { SinkWorker } from './sink-worker.ts'
import { type LogState, readLogState, statusOf } from './status.ts'

test('a sink that another process delivers is not called unconfigured, one that nobody names is', async () => {
  const at = (sink: string) => ({ sink, offset: 0, lag: 0, oldestUndeliveredMs: null })
  const log = readOnce({ positions: [at('gone'), at('siem')], deadLetters: [] })
  const status = await statusOf(
    { config: configOf({}), log, foundations: [], workers: [], schemaIds: null },
    ['siem'],
  )
  assert.deepEqual((status as { unconfiguredSinks: unknown }).unconfiguredSinks, ['gone'])
})

test('/status says where the log is, and what a publish to it promises', async () => {
  const logOf = async (env: Record<string, string>) => {
    const log = readOnce({ positions: [], deadLetters: [] })
    const parts = { config: configOf(env), log, foundations: [], workers: [], schemaIds: null }
    return ((await statusOf(parts, [])) as { log: unknown }).log
  }
  assert.deepEqual(await logOf({}), { on: 'disk', delivery: 'exactly-once', problem: null })
  const brokers = { KAFKA_BROKERS: 'kafka-1:9092' }
  assert.deepEqual(await logOf(brokers), {
    on: 'kafka',
    delivery: 'exactly-once',
    problem: null,
  })
  assert.deepEqual(await logOf({ ...brokers, KAFKA_DELIVERY: 'at-least-once' }), {
    on: 'kafka',
    delivery: 'at-least-once',
    problem: null,
  })
})

test('/status says of a sink whose place is hidden why, and keeps the places of the others', async () => {
  const positions = [
    { sink: 'seen', offset: 9, lag: 1, oldestUndeliveredMs: null },
    { sink: 'siem', offset: null, lag: null, oldestUndeliveredMs: null, hidden: new Error('no right') },
    { sink: 'not ours', offset: null, lag: null, oldestUndeliveredMs: null, hidden: new Error('nor here') },
  ]
  const log = readOnce({ positions, deadLetters: [] })
  const worker = (name: string) => ({ config: { name }, status: () => ({}) }) as unknown as SinkWorker
  const workers = [worker('siem'), worker('seen')]
  const parts = { config: configOf({}), log, foundations: [], workers, schemaIds: null }
  const status = (await statusOf(parts, ['siem', 'seen'])) as {
    readonly log: { readonly problem: string | null }
    readonly sinks: readonly unknown[]
  }
  assert.equal(status.log.problem, 'no right')
  assert.deepEqual(status.sinks, [{ position: null }, { position: positions[0] }])
})

test('/status answers while the brokers are away, with what was read last; a file that cannot be read is an error', async () => {
  const at = { sink: 'siem', offset: 7, lag: 2, oldestUndeliveredMs: null }
  const positions = [async () => [at], () => new Promise<never>(() => undefined)]
  const log = {
    positions: () => (positions.shift() ?? assert.fail())(),
    deadLetterCounts: async () => [{ origin: 'siem', foundation: 'eu', count: 1 }],
  }
  const parts = (env: Record<string, string>) => ({
    config: configOf(env),
    log: new PatientReading(() => readLogState(log), 20, systemClock),
    foundations: [],
    workers: [],
    schemaIds: null,
  })
  const onKafka = parts({ KAFKA_BROKERS: 'kafka-1:9092' })
  const answers = [await statusOf(onKafka, []), await statusOf(onKafka, [])] as {
    readonly log: { readonly problem: string | null }
    readonly unconfiguredSinks: unknown
    readonly deadLetters: unknown
  }[]
  assert.deepEqual(
    answers.map(({ log }) => log.problem),
    [null, 'no answer within 20 ms'],
  )
  const expected = [['siem'], [{ origin: 'siem', foundation: 'eu', count: 1 }]]
  for (const { unconfiguredSinks, deadLetters } of answers)
    assert.deepEqual([unconfiguredSinks, deadLetters], expected)

  positions.push(() => Promise.reject(new Error('disk I/O error')))
  await assert.rejects(statusOf(parts({}), []), /disk I\/O error/)
})

function readOnce(value: LogState) {
  return { latest: async () => ({ value, problem: null }) }
}

function configOf(env: Record<string, string>) {
  const loaded = loadConfig({ env, readFile: () => '' })
  assert.ok('config' in loaded)
  return loaded.config
}
