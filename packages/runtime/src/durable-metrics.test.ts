import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SinkPosition } from '@cf-audit-drain/log'
import { systemClock } from '@cf-audit-drain/pipeline'
import { Registry } from 'prom-client'
import { DurableMetrics } from './durable-metrics.ts'

test('of a sink that is hidden the queue stays as it was read last and grows older, those of the others are read', async () => {
  const at = (sink: string, lag: number) => ({ sink, offset: 1, lag, oldestUndeliveredMs: 9_000 })
  const siemHidden = {
    sink: 'siem',
    offset: null,
    lag: null,
    oldestUndeliveredMs: null,
    hidden: new Error('no right'),
  }
  const readings: SinkPosition[][] = [
    [at('siem', 4), at('other', 5)],
    [siemHidden, at('other', 6)],
    [siemHidden, at('other', 7)],
    // Whoever may list groups is told of those of others, too.
    [at('siem', 0), at('other', 0), { ...siemHidden, sink: 'not ours' }],
  ]
  const durable = {
    tallies: async () => [],
    positions: async () => readings.shift() ?? [],
    deadLetterCounts: async () => [],
  }
  let nowMs = 10_000
  const registry = new Registry()
  const none = new Set<string>()
  const metrics = new DurableMetrics(
    { foundations: [], led: none, sinks: ['siem', 'other'], knownTypes: none, durable, patienceMs: 5_000 },
    { ...systemClock, now: () => nowMs },
    registry,
  )
  const series = [
    'log_up',
    'queue_records{sink="siem"}',
    'queue_oldest_seconds{sink="siem"}',
    'queue_records{sink="other"}',
  ]
  const seen: unknown[] = []
  for (; nowMs < 14_000; nowMs += 1_000) {
    await metrics.refresh()
    const lines = (await registry.metrics()).split('\n').map(line => line.split(' '))
    seen.push(series.map(name => Number(lines.find(([each]) => each === `cf_audit_${name}`)?.[1])))
  }
  assert.deepEqual(seen, [
    [1, 4, 1, 5],
    [0, 4, 2, 6],
    [0, 4, 3, 7],
    [1, 0, 4, 0],
  ])
})
