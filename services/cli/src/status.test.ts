import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventLog } from '@cf-audit-drain/log'
import { statusOf } from './status.ts'

test('a sink that another process delivers is not called unconfigured, one that nobody names is', async () => {
  const at = (sink: string) => ({ sink, offset: 0, lag: 0, oldestUndeliveredMs: null })
  const log = {
    positions: async () => [at('gone'), at('siem')],
    deadLetterCounts: async () => [],
  } as unknown as EventLog
  const status = await statusOf({ log, foundations: [], workers: [] }, ['siem'])
  assert.deepEqual((status as { unconfiguredSinks: unknown }).unconfiguredSinks, ['gone'])
})
