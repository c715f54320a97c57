import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'

export interface RsyslogdOptions {
  readonly folder: string
  readonly port: number
  /** Inside `global(…)`. */
  readonly global?: string
  /** Inside `module(load="imtcp" …)`. */
  readonly module?: string
  /** Default 64k, so that the messages are seen whole. */
  readonly maxMessageSize?: string
}

/** A real rsyslogd with one TCP input whose ruleset has no queue: what it has read, it has written. */
export interface Rsyslogd {
  /** The messages as they came, one per line; LF in a message is shown as `#012`. */
  lines(): Promise<string[]>
  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): void
  /** SIGTERM, and SIGKILL when that does not help; waits for the end. */
  stop(): Promise<void>
}

export function isInstalled(program: string): boolean {
  return spawnSync('/bin/sh', ['-c', `command -v ${program}`]).status === 0
}

/** False, after skipping aloud, when the program is not there; throws then when the run requires it. */
export function hasProgram(t: TestContext, program: string, debianPackage: string): boolean {
  if (isInstalled(program)) return true
  const text = `${program} is not installed: apt-get install ${debianPackage}`
  if (process.env['REQUIRE_PEERS'] === '1') throw new Error(text)
  t.skip(text)
  return false
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no TCP port')
  return address.port
}

export async function startRsyslogd(options: RsyslogdOptions): Promise<Rsyslogd> {
  const { folder, port } = options
  const out = join(folder, 'out.log')
  const config = join(folder, 'rsyslog.conf')
  await writeFile(
    config,
    `global(workDirectory="${folder}" maxMessageSize="${options.maxMessageSize ?? '64k'}" ${options.global ?? ''})
module(load="imtcp" ${options.module ?? ''})
template(name="raw" type="string" string="%rawmsg%\\n")
ruleset(name="rs" queue.type="direct") { action(type="omfile" file="${out}" template="raw") }
input(type="imtcp" port="${port}" address="127.0.0.1" ruleset="rs")
`,
  )
  const child = spawn('rsyslogd', ['-n', '-f', config, '-i', join(folder, 'pid')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  child.stderr?.on('data', chunk => {
    errors += chunk
  })
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`rsyslogd ended with ${child.exitCode}: ${errors}`)
    return await listens(port)
  }, 10_000)
  return {
    lines: () => readLines(out),
    kill: signal => child.kill(signal),
    stop: () => end(child),
  }
}

async function readLines(file: string): Promise<string[]> {
  const lines: string[] = []
  const handle = await open(file, 'a+')
  for await (const line of handle.readLines()) lines.push(line)
  return lines
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const impatience = systemClock.sleep(3_000).then(() => child.kill('SIGKILL'))
  await exited
  void impatience
}

/** By the kernel's table and not by connecting, so that the program under test sees only the connections of the test. */
async function listens(port: number): Promise<boolean> {
  const table = await readFile('/proc/net/tcp', 'latin1')
  return table.includes(`0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`)
}

export async function until(condition: () => Promise<boolean> | boolean, timeoutMs: number): Promise<void> {
  const deadline = systemClock.monotonic() + timeoutMs
  while (!(await condition())) {
    if (systemClock.monotonic() > deadline) throw new Error(`not so within ${timeoutMs} ms: ${condition}`)
    await systemClock.sleep(5)
  }
}
