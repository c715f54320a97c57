import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Socket } from 'node:net'
import { until } from './until.ts'

/**
 * A subshell waits on a pipe that only we write to. It reads a line when the program has ended; the end of the pipe
 * before that means that we are gone, by whatever signal, and then it kills the program, whose id is the shell's.
 * The pipe is not standard input because Node closes that before it tells of the end.
 */
const guard = `
(read -r _ <&3 || kill -9 $$) &
exec "$@" 3<&-
`

export interface ProgramOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly folder: string
  /** Standard output and error, appended. */
  readonly logFile: string
}

/** A process that cannot outlive this one, does not keep this one alive, and does not hear a Ctrl-C meant for it. */
export class GuardedProcess {
  readonly #process: ChildProcess
  #hasEnded = false

  constructor({ command, args, folder, logFile }: ProgramOptions) {
    const log = openSync(logFile, 'a')
    this.#process = spawn('/bin/sh', ['-c', guard, 'sh', command, ...args], {
      cwd: folder,
      stdio: ['ignore', log, log, 'pipe'],
      detached: true,
    })
    closeSync(log)
    const pipe = this.#process.stdio[3] as Socket
    pipe.on('error', () => {})
    this.#process.once('error', () => {
      this.#hasEnded = true
    })
    this.#process.once('exit', () => {
      this.#hasEnded = true
      pipe.end('\n')
    })
    this.#process.unref()
    pipe.unref()
  }

  get pid(): number | null {
    return this.#hasEnded ? null : (this.#process.pid ?? null)
  }

  /** How it ended: an exit code, or the name of a signal; null while it runs. */
  get end(): number | string | null {
    return this.#process.exitCode ?? this.#process.signalCode ?? (this.#hasEnded ? 'not started' : null)
  }

  signal(name: NodeJS.Signals): void {
    if (!this.#hasEnded) this.#process.kill(name)
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.#gone(10_000)
  }

  /** SIGTERM, and SIGKILL when it has not ended by then. */
  async stop(patienceMs: number): Promise<void> {
    this.signal('SIGTERM')
    this.signal('SIGCONT')
    await this.#gone(patienceMs).catch(() => this.kill())
  }

  #gone(patienceMs: number): Promise<void> {
    return until(`process ${this.#process.pid} ends`, () => this.#hasEnded, patienceMs)
  }
}
