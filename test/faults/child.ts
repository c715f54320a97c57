import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { deadline, systemClock } from '@cf-audit-drain/pipeline'

const running = new Set<Child>()
const mounts = new Set<string>()

/** What has to be undone even when the harness is interrupted. */
export const mounted = {
  add: (folder: string) => mounts.add(folder),
  delete: (folder: string) => mounts.delete(folder),
}

function endAll(): void {
  for (const child of running) child.kill('SIGKILL')
  for (const folder of mounts) spawnSync('umount', ['-l', folder])
}

process.once('exit', endAll)
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  process.once(signal, () => {
    endAll()
    process.exitCode = code
    process.kill(process.pid, signal)
  })

export interface ChildOptions {
  readonly command: string
  readonly args: readonly string[]
  /** Standard output and error, appended. */
  readonly outputFile: string
  readonly errorFile: string
  /** A channel for messages; the child ends when it breaks. */
  readonly messages?: boolean
  readonly env?: Readonly<Record<string, string>>
}

/** A process of this harness, ended by its id when the harness ends. */
export class Child {
  readonly pid: number
  readonly exited: Promise<void>
  readonly #process: ChildProcess

  constructor(options: ChildOptions) {
    const out = openSync(options.outputFile, 'a')
    const err = openSync(options.errorFile, 'a')
    this.#process = spawn(options.command, [...options.args], {
      stdio: options.messages ? ['ignore', out, err, 'ipc'] : ['ignore', out, err],
      env: { ...unconfigured(), ...options.env },
    })
    closeSync(out)
    closeSync(err)
    this.pid = this.#process.pid ?? -1
    running.add(this)
    this.exited = once(this.#process, 'exit').then(
      () => void running.delete(this),
      () => void running.delete(this),
    )
  }

  /** How it ended: an exit code, or the name of a signal; null while it runs. */
  get end(): number | string | null {
    return this.#process.exitCode ?? this.#process.signalCode
  }

  send(message: object): void {
    if (this.#process.connected) this.#process.send(message, () => {})
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#process.on('message', listener)
  }

  kill(signal: NodeJS.Signals): void {
    if (this.end === null) this.#process.kill(signal)
  }

  /** SIGTERM, and SIGKILL after `patienceMs`. Says whether SIGTERM was enough. */
  async stop(patienceMs: number): Promise<boolean> {
    this.kill('SIGTERM')
    const impatient = deadline(patienceMs)
    const onTime = await Promise.race([
      this.exited.then(() => true),
      systemClock.sleep(2 * patienceMs, impatient).then(
        () => false,
        () => false,
      ),
    ])
    if (!onTime) this.kill('SIGKILL')
    await this.exited
    return onTime
  }
}

/** The caller's environment without what would configure the command. */
function unconfigured(): Record<string, string | undefined> {
  const configuring =
    /^(CF_|SINK_URL$|DATA_DIR$|HTTP_ADDRESS$|POLL_INTERVAL$|START_FROM$|STRICT$|LOG_LEVEL$|SCRUB_|SHUTDOWN_|KAFKA_)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !configuring.test(name)))
}

/** The first line of a file a child writes to, once it is there. */
export function firstLine(file: string): string | null {
  const text = readFileSync(file, 'utf8')
  const end = text.indexOf('\n')
  return end < 0 ? null : text.slice(0, end)
}
