import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isInstalled } from '@cf-audit-drain/syslog/testing/rsyslogd'
import { allKinds } from './all-kinds.ts'
import { runKind } from './run-kind.ts'

/**
 * Goal: no fault of the list loses, invents or doubles an event. Method: real processes, one seed of each kind; the
 * same as `npm run faults`, which runs more of them. FAULTS_SEED repeats a run.
 */
const seed = Number(process.env['FAULTS_SEED'] ?? 1)

describe(`faults, seed ${seed}`, { concurrency: 2 }, () => {
  for (const kind of allKinds)
    test(`nothing is lost, invented or doubled in the log by: ${kind.title}`, {
      timeout: 280_000,
    }, async t => {
      const missing = isInstalled('sqlite3')
        ? (kind.missing?.() ?? null)
        : 'sqlite3 is not installed: apt-get install sqlite3'
      if (missing !== null) {
        if (process.env['REQUIRE_PEERS'] === '1') throw new Error(missing)
        t.skip(missing)
        return
      }
      const result = await runKind(kind, seed)
      t.diagnostic(`seed ${seed}, ${result.shown} events, ${result.tookMs} ms; ${result.notes.join(', ')}`)
      assert.equal(result.failure, null, result.failure ?? '')
    })
})
