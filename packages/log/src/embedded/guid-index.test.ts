import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { seededRandom } from '@cf-audit-drain/pipeline'
import { GuidIndex } from './guid-index.ts'
import { LogDatabase } from './log-database.ts'
import { schema } from './schema.ts'

test('a guid is new once, whichever of the two tables it has come to', t => {
  const seed = 11
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  const connection = new DatabaseSync(':memory:')
  connection.exec(schema)
  const database = new LogDatabase('test.db', connection)
  const index = new GuidIndex(database, 500)
  const known: Map<string, true>[] = [new Map(), new Map(), new Map()]
  const mint = () => (random() < 0.2 ? `client-${Math.floor(random() * 1e6)}` : randomUUID())
  for (let batch = 0; batch < 200; batch++) {
    const foundation = Math.floor(random() * 3)
    const had = known[foundation] ?? new Map<string, true>()
    const isNew = index.adder(foundation + 1)
    const again = [...had.keys()].filter(() => random() < 0.02)
    const guids = [...Array.from({ length: Math.floor(random() * 60) }, mint), ...again]
    let added = 0
    for (const guid of guids) {
      assert.equal(isNew(guid), !had.has(guid), guid)
      if (!had.has(guid)) added++
      had.set(guid, true)
    }
    index.carryOver(added)
    if (random() < 0.1) index.forgetState()
  }
  const count = (table: string) => Number(database.row(`SELECT count(*) FROM ${table}`)?.[0])
  const total = known.reduce((sum, had) => sum + had.size, 0)
  assert.equal(count('guids') + count('guids_recent'), total)
  assert(count('guids') > total / 2, 'most have been carried over')
  assert(count('guids_recent') < 1_000, 'and the small table stays small')
  for (const [foundation, had] of known.entries()) {
    const isNew = index.adder(foundation + 1)
    for (const guid of had.keys()) assert.equal(isNew(guid), false)
    const remove = index.remover(foundation + 1)
    for (const guid of had.keys()) remove(guid)
  }
  assert.equal(count('guids') + count('guids_recent'), 0)
})
