import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporary } from './command-for-tests.ts'
import { stepsAfterMigration } from './steps-after-migration.ts'

test('whoever has moved is told to keep scrub.key only where there is one', t => {
  const dir = temporary(t)
  assert.match(stepsAfterMigration(dir), /no scrub\.key in it: give every poller the key .*SCRUB_KEY/)
  writeFileSync(join(dir, 'scrub.key'), 'x')
  assert.match(stepsAfterMigration(dir), /keep the folder: it holds scrub\.key/)
})
