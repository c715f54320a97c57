import { spawn, spawnSync } from 'node:child_process'
import type { TestContext } from 'node:test'
import { deadline } from '@cf-audit-drain/pipeline'

/** What another client than ours sees of a record, read-committed. */
export interface SeenRecord {
  readonly guid: string
  readonly offset: number
  readonly seq: number
}

/** True, after skipping aloud, when kcat is not there; with REQUIRE_PEERS=1 the test fails instead. */
export function skipWithoutKcat(t: TestContext): boolean {
  if (spawnSync('/bin/sh', ['-c', 'command -v kcat']).status === 0) return false
  const why = 'kcat is not installed: apt-get install kcat'
  if (process.env['REQUIRE_PEERS'] === '1') throw new Error(`REQUIRE_PEERS=1, but ${why}`)
  t.skip(why)
  return true
}

/** Every committed record of the topic, by librdkafka's reading of it. */
export async function seenByKcat(brokers: readonly string[], topic: string): Promise<readonly SeenRecord[]> {
  const committed = ['-X', 'isolation.level=read_committed']
  const format = ['-f', '%k %o %h\n']
  const args = ['-b', brokers.join(','), '-C', '-t', topic, '-o', 'beginning', '-e', '-q']
  const lines = (await output('kcat', [...args, ...committed, ...format])).split('\n').filter(Boolean)
  return lines.map(line => {
    const [guid = '', offset = '', headers = ''] = line.split(' ')
    const seq = /(?:^|,)seq=(\d+)/.exec(headers)?.[1]
    return { guid, offset: Number(offset), seq: Number(seq) }
  })
}

async function output(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { signal: deadline(20_000), killSignal: 'SIGKILL' })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk
  })
  const code = await new Promise<number | string | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => resolve(status ?? signal))
  })
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${err}`)
  return out
}
