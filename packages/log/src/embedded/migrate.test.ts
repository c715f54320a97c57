import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { LogVersionError } from '../log-error.ts'
import { readWindows } from './ledger.ts'
import { LogDatabase } from './log-database.ts'
import { migrate, requireVersion, versionOf } from './migrate.ts'
import { migrations, schema } from './schema.ts'

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

test('a window from before hidden rows were told of has none', () => {
  const connection = new DatabaseSync(':memory:')
  connection.exec(`${schema}; PRAGMA user_version = 1`)
  const database = new LogDatabase('test.db', connection)
  migrate(database, migrations.slice(0, 3))
  connection.exec("INSERT INTO ledger VALUES ('f', 0, 300, 'short', 1, 2, 0, 1, NULL, 1, 2, 7)")
  migrate(database, migrations)
  const [window, ...more] = readWindows(database, {})
  assert.deepEqual([window?.gone, window?.checkedAtMs, window?.hidden, more], [1, 7, 0, []])
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
