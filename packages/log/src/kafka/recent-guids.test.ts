import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogEntry } from '../ports.ts'
import { RecentGuids } from './recent-guids.ts'

const entry = (n: number): LogEntry => ({
  guid: `guid-${n}`,
  type: 'audit.app.create',
  createdAtSec: 1,
  receivedAtMs: 1,
  provenance: 'live',
  bytes: new Uint8Array(),
})

test('the newest half million guids are known, and only they, however many went before', () => {
  const recent = new RecentGuids()
  const total = 1_100_000
  for (let n = 0; n < total; n++) recent.addGuid(`guid-${n}`)
  const asked = [total - 1, total - 500_000, total - 500_001, 0, total]
  assert.deepEqual(
    recent.unknown(asked.map(entry)).map(({ guid }) => guid),
    [`guid-${total - 500_001}`, 'guid-0', `guid-${total}`],
  )
})
