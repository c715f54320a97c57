import { spawnSync } from 'node:child_process'
import type { TestContext } from 'node:test'

/** True when the test is to be left out because a program is not installed; with REQUIRE_PEERS=1 it fails instead. */
export function skipWithout(t: TestContext, program: string): boolean {
  if (spawnSync('which', [program]).status === 0) return false
  const reason = `${program} is not installed: apt-get install ${program}`
  if (process.env['REQUIRE_PEERS'] === '1') throw new Error(`REQUIRE_PEERS=1, but ${reason}`)
  t.skip(reason)
  return true
}
