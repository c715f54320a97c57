import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0

/** A test with certificates: skipped aloud where openssl is missing, and failed there when the run requires it. */
export function tlsTest(name: string, prove: () => Promise<void>): void {
  test(name, async t => {
    if (hasOpenssl) return await prove()
    const missing = 'openssl is not installed: apt-get install openssl'
    if (process.env['REQUIRE_PEERS'] === '1') assert.fail(missing)
    t.skip(missing)
  })
}
