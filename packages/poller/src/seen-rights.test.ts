import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Rights } from '@cf-audit-drain/cloud-foundry'
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts'
import { lostRights, readSeenRights, seenRights } from './seen-rights.ts'

const rights = (sees: Rights['sees'], roles: readonly string[] | null = null): Rights => ({
  identity: { kind: 'user', name: 'bob', clientId: 'cf', grant: 'password' },
  scopes: [],
  sees,
  roles,
  rolesFault: null,
  missing: null,
  sentence: '',
})
const roles = (count: number) => Array.from({ length: count }, (_, i) => `space_auditor guid-${i}`)
const subset = (...held: readonly string[]) => rights('subset', held)
const checkpoint = {
  startSec: 0,
  baselineSec: 0,
  tailFromSec: 0,
  settledSec: 0,
  unread: [],
  closedWindows: 0,
  writtenMs: 0,
}

test('less is less, as much or more is not', () => {
  const all = seenRights(rights('everything'))
  assert.match(lostRights(all, subset('space_auditor a')) ?? '', /saw everything, and now sees a part/)
  assert.match(lostRights(all, rights('nothing')) ?? '', /refuses/)
  assert.equal(lostRights(all, rights('everything')), null)
  const two = seenRights(subset('space_auditor a', 'space_auditor b'))
  assert.match(
    lostRights(two, subset('space_auditor b', 'space_auditor c')) ?? '',
    /1 of its 2 roles are gone/,
  )
  assert.match(lostRights(two, subset()) ?? '', /2 of its 2/)
  assert.equal(lostRights(two, subset('space_auditor c', 'space_auditor b', 'space_auditor a')), null)
  assert.equal(lostRights(two, rights('everything')), null)
  assert.equal(lostRights(null, subset()), null)
  assert.equal(seenRights(rights('nothing')), null)
})

test('of very many roles it is only known whether they are the same, and that counts as less', () => {
  const many = seenRights(subset(...roles(300)))
  assert.equal(lostRights(many, subset(...roles(300))), null)
  for (const other of [roles(299), roles(301), roles(3)])
    assert.match(lostRights(many, subset(...other)) ?? '', /others than before/)
})

test('they come back from a checkpoint, which stays small enough for Kafka, and an older one has none', () => {
  for (const held of [rights('everything'), subset(...roles(100)), subset(...roles(5_000))]) {
    const seen = seenRights(held) ?? assert.fail()
    const text = encodeCheckpoint({ ...checkpoint, rights: seen })
    assert.ok(text.length < 2_000, `${text.length} bytes`)
    assert.deepEqual(decodeCheckpoint(text).rights, seen)
  }
  assert.equal(decodeCheckpoint(encodeCheckpoint(checkpoint)).rights, undefined)
  for (const value of [null, 7, {}, { sees: 'all', roles: [] }, { sees: 'subset' }])
    assert.equal(readSeenRights(value), null)
})
