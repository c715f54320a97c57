import { spawn, spawnSync } from 'node:child_process'
import type { TestContext } from 'node:test'
import { deadline } from '@cf-audit-drain/pipeline'

const patienceMs = 60_000

/** Why there is no kcat here and how to get it, or null when it is there. */
export function kcatMissing(): string | null {
  if (spawnSync('/bin/sh', ['-c', 'command -v kcat']).status === 0) return null
  return 'kcat is not installed: apt-get install kcat'
}

/** True, after skipping aloud, when kcat is not there; with REQUIRE_PEERS=1 the test fails instead. */
export function skipWithoutKcat(t: TestContext): boolean {
  const why = kcatMissing()
  if (why === null) return false
  if (process.env['REQUIRE_PEERS'] === '1') throw new Error(`REQUIRE_PEERS=1, but ${why}`)
  t.skip(why)
  return true
}

/** What kcat printed for these options. Throws what it said when it ended badly or took more than a minute. */
export async function kcat(
  brokers: readonly string[],
  args: readonly string[],
  input: string | Uint8Array = '',
): Promise<string> {
  return (await kcatBytes(brokers, args, input)).toString()
}

/** The same, for what is no text. */
export async function kcatBytes(
  brokers: readonly string[],
  args: readonly string[],
  input: string | Uint8Array = '',
): Promise<Buffer> {
  const impatient = deadline(patienceMs)
  const child = spawn('kcat', ['-b', brokers.join(','), ...args], {
    stdio: 'pipe',
    signal: impatient,
    killSignal: 'SIGKILL',
  })
  const out: Buffer[] = []
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const code = await new Promise<number | string | null>((resolve, reject) => {
    const late = () => new Error(`kcat ${args.join(' ')} had not ended after ${patienceMs} ms: ${err}`)
    child.once('error', error => reject(impatient.aborted ? late() : error))
    child.once('close', (status, signal) => resolve(status ?? signal))
  })
  if (code !== 0) throw new Error(`kcat ${args.join(' ')} ended with ${code}: ${err}`)
  return Buffer.concat(out)
}

/** What another client than ours sees of an event on the log: its key is the guid. */
export interface SeenRecord {
  readonly guid: string
  readonly offset: number
  /** NaN when there is none: then somebody else has written it. */
  readonly seq: number
  readonly headers: Readonly<Record<string, string>>
}

/** Arguments that have kcat print every record of partition 0, read-committed, from an offset on, and end. */
export function committedOf(topic: string, from: number | 'beginning' = 'beginning'): readonly string[] {
  const place = ['-C', '-t', topic, '-p', '0', '-o', String(from), '-e', '-q']
  return [...place, '-X', 'isolation.level=read_committed']
}

/** Every committed record of partition 0, by librdkafka's reading of it. Keys and headers hold no control characters. */
export async function seenByKcat(
  brokers: readonly string[],
  topic: string,
  from: number | 'beginning' = 'beginning',
): Promise<readonly SeenRecord[]> {
  const text = await kcat(brokers, [...committedOf(topic, from), '-f', '%k\t%o\t%h\n'])
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      const [guid = '', offset = '', text = ''] = line.split('\t')
      const headers = Object.fromEntries(text.split(',').map(pair => pair.split('=') as [string, string]))
      return { guid, offset: Number(offset), seq: Number(headers['seq']), headers }
    })
}
