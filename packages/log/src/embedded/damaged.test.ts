import assert from 'node:assert/strict'
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { makeEntries } from '../contract-suite.ts'
import { LogDamagedError, LogMissingError, LogVersionError } from '../log-error.ts'
import { checkEmbeddedLog } from './check-embedded-log.ts'
import { openEmbeddedLog } from './embedded-log.ts'

const eventCount = 3_000
let dir: string
let file: string

/** A sound, closed log of some pages. */
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'log-damaged-'))
  file = join(dir, 'log.db')
  const log = await openEmbeddedLog({ dir, clock: systemClock })
  const writer = await log.writer('lab')
  await writer.publish(makeEntries(0, eventCount), 'c')
  await log.close()
})
afterEach(() => rmSync(dir, { recursive: true }))

function overwrite(path: string, at: number, bytes: Uint8Array): void {
  const descriptor = openSync(path, 'r+')
  writeSync(descriptor, bytes, 0, bytes.length, at)
  closeSync(descriptor)
}

function sql(text: string): void {
  const database = new DatabaseSync(file)
  database.exec(text)
  database.close()
}

interface Damage {
  readonly name: string
  readonly damage: () => void
  readonly found: RegExp
  /** Some damage only the writer, who has the write-ahead log to himself, can tell. */
  readonly unseenByReader?: true
}

const damages: readonly Damage[] = [
  { name: 'an empty file', damage: () => truncateSync(file, 0), found: /0 bytes/ },
  {
    name: 'a file of the first fifty bytes',
    damage: () => truncateSync(file, 50),
    found: /has only 50 bytes: it was cut short/,
  },
  {
    name: 'a file of the first hundred bytes',
    damage: () => truncateSync(file, 100),
    found: /no sense|not an SQLite/,
  },
  {
    name: 'a file that was cut in half',
    damage: () => truncateSync(file, Math.floor(statSync(file).size / 2)),
    found: /cut short|no sense/,
    unseenByReader: true,
  },
  {
    name: 'a file that was cut by some bytes',
    damage: () => truncateSync(file, statSync(file).size - 7),
    found: /cut short|no sense/,
    unseenByReader: true,
  },
  {
    name: 'a text file',
    damage: () => writeFileSync(file, 'guid,type\n'.repeat(2_000)),
    found: /not an SQLite database/,
  },
  {
    name: 'a header of noise',
    damage: () => overwrite(file, 0, new Uint8Array(100).fill(0xa5)),
    found: /not an SQLite database/,
  },
  {
    name: 'the database of another program',
    damage: () => sql('PRAGMA application_id = 7'),
    found: /another program \(application_id 7/,
  },
  {
    name: 'a table that is missing',
    damage: () => sql('DROP TABLE tallies'),
    found: /table tallies is missing/,
  },
  {
    name: 'events that are missing at the end',
    damage: () => sql('DELETE FROM events WHERE offset > 100'),
    found: /counters disagree/,
    unseenByReader: true,
  },
  {
    name: 'a cursor ahead of the events',
    damage: () => sql(`INSERT INTO cursors VALUES ('siem', 99999)`),
    found: /cursor of sink siem/,
    unseenByReader: true,
  },
  {
    name: 'noise in every page but the first',
    damage: () => overwrite(file, 8_192, new Uint8Array(statSync(file).size - 8_192).fill(0xa5)),
    found: /no sense/,
    unseenByReader: true,
  },
  {
    name: 'a file that is gone',
    damage: () => unlinkSync(file),
    found: /the file is gone, but .*writer\.json/,
  },
]

describe('a damaged log is an error that says what was found and what to do, and is left as it is', () => {
  for (const { name, damage, found, unseenByReader } of damages) {
    test(name, async () => {
      damage()
      const before = existsSync(file) ? readFileSync(file) : null
      const isClear = (error: unknown) => {
        assert(error instanceof LogDamagedError, String(error))
        assert.match(error.message, found)
        assert.match(error.message, /Nothing was changed|restore it/)
        assert.equal(error.path, file)
        return true
      }
      await assert.rejects(openEmbeddedLog({ dir, clock: systemClock }), isClear)
      await assert.rejects(
        openEmbeddedLog({ dir, clock: systemClock }),
        isClear,
        'and again: nothing was put in its place',
      )
      if (unseenByReader !== true)
        await assert.rejects(openEmbeddedLog({ dir, clock: systemClock, mode: 'read' }), isClear)
      assert.deepEqual(existsSync(file) ? readFileSync(file) : null, before, 'the file was not touched')
    })
  }

  test('a write-ahead log without its log', async () => {
    unlinkSync(file)
    unlinkSync(join(dir, 'writer.json'))
    writeFileSync(`${file}-wal`, 'x'.repeat(100))
    await assert.rejects(
      openEmbeddedLog({ dir, clock: systemClock }),
      /log\.db-wal shows that a log was here/,
    )
    assert.equal(existsSync(file), false)
  })

  test('noise in one page is found by the full check, and met by a reader as an error', async () => {
    const pages = statSync(file).size / 8_192
    overwrite(file, Math.floor(pages * 0.6) * 8_192, new Uint8Array(8_192).fill(0xa5))
    const report = await checkEmbeddedLog(dir)
    assert(report.problems.length > 0)
    const log = await openEmbeddedLog({ dir, clock: systemClock, mode: 'read' })
    await assert.rejects(Array.fromAsync(log.events({})), LogDamagedError)
    await log.close()
  })

  test('an event the index of guids does not know is found by the full check', async () => {
    sql('DELETE FROM guids_recent WHERE key = (SELECT min(key) FROM guids_recent)')
    const { problems } = await checkEmbeddedLog(dir)
    assert.deepEqual(problems, [
      '1 events are missing in the index of guids',
      `the index of guids has ${eventCount - 1} entries for ${eventCount} events`,
    ])
  })
})

test('a log of a newer version is refused by name, and left as it is', async () => {
  sql('PRAGMA user_version = 9')
  for (const mode of ['write', 'read'] as const) {
    await assert.rejects(openEmbeddedLog({ dir, clock: systemClock, mode }), (error: unknown) => {
      assert(error instanceof LogVersionError)
      assert.equal(error.foundVersion, 9)
      assert.match(error.message, /version 9, this program knows version 3.*newer one/)
      return true
    })
  }
})

test('a directory without a log is no log to a reader, and nothing is made in it', async () => {
  const empty = join(dir, 'empty')
  await assert.rejects(openEmbeddedLog({ dir: empty, clock: systemClock, mode: 'read' }), LogMissingError)
  await assert.rejects(checkEmbeddedLog(empty), LogMissingError)
  assert.equal(existsSync(empty), false)
})

test('a half-made log of a killed first start is swept away', async () => {
  const started = join(dir, 'started')
  mkdirSync(started)
  copyFileSync(file, join(started, 'log.db.unfinished'))
  writeFileSync(join(started, 'writer.lock'), '')
  const log = await openEmbeddedLog({ dir: started, clock: systemClock })
  assert.deepEqual(await Array.fromAsync(log.events({})), [])
  await log.close()
  assert.equal(existsSync(join(started, 'log.db.unfinished')), false)
})

test('a sound log is found sound, with what it holds', async () => {
  const report = await checkEmbeddedLog(dir)
  assert.deepEqual(report.problems, [])
  assert.deepEqual([report.events, report.tombstones, report.newestOffset], [eventCount, 0, eventCount])
  assert.equal(report.newestCreatedAtSec, makeEntries(eventCount - 1, 1)[0]?.createdAtSec)
  assert(report.sizeBytes > 100_000)
})
