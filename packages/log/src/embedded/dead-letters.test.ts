import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { buryLetters, lettersOf } from './dead-letters.ts'
import { LogDatabase } from './log-database.ts'
import { schema } from './schema.ts'

const lettersOfSink = 10_000

test('letters of one origin are looked for among many of another without keeping others from their turn', async () => {
  const connection = new DatabaseSync(':memory:')
  connection.exec(schema)
  const database = new LogDatabase('test.db', connection)
  const of = (origin: string, key: string) => {
    return { foundation: 'f', origin, key, reason: 'refused', raw: new Uint8Array([1]), atMs: 1 }
  }
  buryLetters(database, [of('poller', 'first')])
  buryLetters(
    database,
    Array.from({ length: lettersOfSink }, (_, n) => of('siem', String(n))),
  )
  buryLetters(database, [of('poller', 'last')])
  let [turns, isRead] = [0, false]
  const others = () => {
    turns++
    if (!isRead) setImmediate(others)
  }
  setImmediate(others)
  const letters = await Array.fromAsync(lettersOf(database, 'f', 'poller'))
  isRead = true
  assert.deepEqual(
    letters.map(({ key }) => key),
    ['first', 'last'],
  )
  assert.ok(turns >= 10, `${turns} turns`)
  assert.deepEqual(await Array.fromAsync(lettersOf(database, 'f', 'nobody')), [])
  database.close()
})
