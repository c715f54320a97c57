import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Rights } from '@cf-audit-drain/cloud-foundry'
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts'
import { lostRights, readSeenRights, seenRights, storedRights, withPlaces } from './seen-rights.ts'

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
    /events of 1 of its 2 spaces and organizations are not shown any more/,
  )
  assert.match(lostRights(two, subset()) ?? '', /2 of its 2/)
  assert.equal(lostRights(two, subset('space_auditor c', 'space_auditor b', 'space_auditor a')), null)
  assert.equal(lostRights(two, rights('everything')), null)
  assert.equal(lostRights(null, subset()), null)
  assert.equal(seenRights(rights('nothing')), null)
})

test('by which role a space is seen makes no difference, and an organization is no space', () => {
  const developer = seenRights(subset('space_developer a', 'space_auditor a', 'organization_auditor o'))
  assert.equal(lostRights(developer, subset('organization_auditor o', 'space_auditor a')), null)
  assert.equal(developer?.places.length, 2)
  assert.match(lostRights(developer, subset('space_auditor a', 'space_auditor o')) ?? '', /1 of its 2/)
})

test('of very many spaces it is known which, one more or less is told, and the list is kept beside the checkpoint', () => {
  const many = seenRights(subset(...roles(3_000))) ?? assert.fail()
  assert.equal(lostRights(many, subset(...roles(3_001))), null)
  assert.match(lostRights(many, subset(...roles(2_999))) ?? '', /1 of its 3000 spaces/)
  const { inCheckpoint, beside } = storedRights(many)
  assert.ok(encodeCheckpoint({ ...checkpoint, rights: inCheckpoint }).length < 400)
  assert.ok((beside?.value?.length ?? 0) < 40_000)
  assert.deepEqual(withPlaces(inCheckpoint, beside === null ? [] : [beside]), {
    seen: many,
    key: beside?.key,
  })
  const few = seenRights(subset(...roles(100))) ?? assert.fail()
  assert.deepEqual(storedRights(few), { inCheckpoint: few, beside: null })
  assert.deepEqual(withPlaces(few, [{ key: 'rights', value: 'anything' }]), { seen: few, key: null })
})

test('a list that is lost, or another, leaves it known whether all is the same', () => {
  const { inCheckpoint, beside } = storedRights(seenRights(subset(...roles(300))) ?? assert.fail())
  const other = storedRights(seenRights(subset(...roles(301))) ?? assert.fail()).beside
  for (const value of [null, 'no JSON', '{}', '[1]', other?.value ?? null]) {
    const { seen } = withPlaces(inCheckpoint, [{ key: 'rights', value }])
    assert.equal(lostRights(seen, subset(...roles(300))), null)
    assert.match(lostRights(seen, subset(...roles(301))) ?? '', /others than before/)
  }
  const found = withPlaces(inCheckpoint, [...(other ? [other] : []), ...(beside ? [beside] : [])])
  assert.deepEqual([found.key, found.seen.places.length], [beside?.key, 300], 'also beside another one')
  const older = withPlaces(inCheckpoint, [{ key: 'rights', value: beside?.value ?? null }])
  assert.equal(older.seen.places.length, 300, 'as an earlier version kept it')
})

test('they come back from a checkpoint, which stays small enough for Kafka, and an older one has none', () => {
  for (const held of [rights('everything'), subset(...roles(100)), subset(...roles(20_001))]) {
    const { inCheckpoint } = storedRights(seenRights(held) ?? assert.fail())
    const text = encodeCheckpoint({ ...checkpoint, rights: inCheckpoint })
    assert.ok(text.length < 2_000, `${text.length} bytes`)
    assert.deepEqual(decodeCheckpoint(text).rights, inCheckpoint)
  }
  assert.equal(storedRights(seenRights(subset(...roles(20_001))) ?? assert.fail()).beside, null)
  assert.equal(decodeCheckpoint(encodeCheckpoint(checkpoint)).rights, undefined)
  for (const value of [null, 7, {}, { sees: 'all', places: [] }, { sees: 'subset' }])
    assert.equal(readSeenRights(value), null)
})

test('of a checkpoint of before places were kept it is known that everything was seen', () => {
  const before = readSeenRights({ sees: 'everything', roles: [] })
  assert.match(lostRights(before, subset('space_auditor a')) ?? '', /saw everything, and now sees a part/)
  assert.equal(readSeenRights({ sees: 'subset', roles: ['x'] }), null)
})
