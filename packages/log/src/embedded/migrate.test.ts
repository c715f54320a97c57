import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { LogVersionError } from '../log-error.ts'
import { LogDatabase } from './log-database.ts'
import { migrate, requireVersion, versionOf } from './migrate.ts'

function versionOne(): LogDatabase {
  const connection = new DatabaseSync(':memory:')
  connection.exec('CREATE TABLE letters (a TEXT); INSERT INTO letters VALUES (1); PRAGMA user_version = 1')
  return new LogDatabase('test.db', connection)
}

test('an older log goes through every step it has not had, once', () => {
  const database = versionOne()
  const steps = ['ALTER TABLE letters ADD COLUMN b TEXT', "UPDATE letters SET b = a || '!'"]
  migrate(database, steps)
  migrate(database, steps)
  assert.equal(versionOf(database), 3)
  assert.deepEqual(database.rows('SELECT a, b FROM letters'), [['1', '1!']])
})

test('a step that fails leaves the version and the tables of before', () => {
  const database = versionOne()
  assert.throws(
    () => migrate(database, ['ALTER TABLE letters ADD COLUMN b TEXT; SELECT nonsense']),
    /nonsense/,
  )
  assert.equal(versionOf(database), 1)
  assert.deepEqual(database.rows('SELECT * FROM letters'), [['1']])
})

test('a newer log is refused', () => {
  assert.throws(() => migrate(versionOne(), []) ?? migrate(newer(), []), LogVersionError)
})

test('a reader refuses an older log, because it changes nothing', () => {
  assert.throws(() => requireVersion(versionOne(), 2), /Start this program once: it upgrades/)
  requireVersion(versionOne(), 1)
})

function newer(): LogDatabase {
  const database = versionOne()
  database.exec('PRAGMA user_version = 2')
  return database
}
