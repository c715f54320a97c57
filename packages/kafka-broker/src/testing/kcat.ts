import { spawn, spawnSync } from 'node:child_process'
import type { TestContext } from 'node:test'
import { deadline } from '@cf-audit-drain/pipeline'

/** True, after skipping aloud, when kcat is not there; with REQUIRE_PEERS=1 the test fails instead. */
export function skipWithoutKcat(t: TestContext): boolean {
  if (spawnSync('/bin/sh', ['-c', 'command -v kcat']).status === 0) return false
  const why = 'kcat is not installed: apt-get install kcat'
  if (process.env['REQUIRE_PEERS'] === '1') throw new Error(`REQUIRE_PEERS=1, but ${why}`)
  t.skip(why)
  return true
}

/** What kcat printed for these options. Throws what it said when it ended badly or took more than 20 s. */
export async function kcat(brokers: readonly string[], args: readonly string[], input = ''): Promise<string> {
  const child = spawn('kcat', ['-b', brokers.join(','), ...args], {
    stdio: 'pipe',
    signal: deadline(20_000),
    killSignal: 'SIGKILL',
  })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const code = await new Promise<number | string | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => resolve(status ?? signal))
  })
  if (code !== 0) throw new Error(`kcat ${args.join(' ')} ended with ${code}: ${err}`)
  return out
}
