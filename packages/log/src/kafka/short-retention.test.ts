import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shortRetention } from './short-retention.ts'

const day = 86_400_000

test('a retention below that of Cloud Controller is told with the reason', () => {
  for (const retentionMs of [0, day, 31 * day - 1])
    assert.match(
      shortRetention({ replicationFactor: 1, retentionMs }) ?? '',
      /topics\.retention is shorter than the 31 days .* only counted.* set it to 31d or more/,
    )
})

test('the same retention, a longer one and none are fine', () => {
  for (const kept of [{ retentionMs: 31 * day }, { retentionMs: 400 * day }, { retentionMs: null }, {}])
    assert.equal(shortRetention({ replicationFactor: 1, ...kept }), null)
})
