import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommandProcess, type DrainStatus } from './command-process.ts'
import { type LoggedState, lagOf, readLog } from './read-ends.ts'
import type { Subject } from './subject.ts'

/** Records of one delivery, at most: `batchMax` of the sink worker, which a crash may double. */
export const deliveryMax = 10_000

/** The command `start` on its embedded log. */
export class Drain implements Subject {
  readonly logDir: string
  readonly #folder: string
  readonly #process: CommandProcess
  #deathBound = 0

  constructor(folder: string, config: object, logDir = join(folder, 'data')) {
    this.#folder = folder
    this.logDir = logDir
    const configFile = join(folder, 'drain.yaml')
    writeFileSync(configFile, JSON.stringify(config, null, 2))
    this.#process = new CommandProcess({ folder, name: 'drain', args: ['start', '--config', configFile] })
  }

  get pid(): number {
    return this.#process.pid
  }

  get alive(): boolean {
    return this.#process.alive
  }

  get database(): string {
    return join(this.logDir, 'log.db')
  }

  start(): void {
    this.#process.start()
  }

  /** kill -9, at whatever it is doing. */
  async kill(): Promise<void> {
    this.#process.signal('SIGKILL')
    await this.died()
  }

  /** Waits for the end of this life and counts what it may have left half done. */
  async died(): Promise<void> {
    await this.#process.died()
    this.#deathBound += Math.min(deliveryMax, this.#lagNow())
  }

  stop(): Promise<void> {
    return this.#process.stop()
  }

  abandon(): Promise<void> {
    return this.#process.abandon()
  }

  status(): Promise<DrainStatus | null> {
    return this.#process.status()
  }

  listening(): Promise<void> {
    return this.#process.listening()
  }

  async isDone(): Promise<boolean> {
    const status = await this.status()
    const caughtUp = status?.foundations.every(one => one.caughtUp) ?? false
    return caughtUp && status?.sinks[0]?.position?.lag === 0
  }

  async logged(): Promise<LoggedState> {
    return readLog(this.database)
  }

  lines(): Record<string, unknown>[] {
    return this.#process.lines()
  }

  /**
   * What may have arrived twice: the records of writes whose fate was unknown, as the drain itself said when it sent
   * them again, and for each life that was cut off the records after its cursor, at most one delivery.
   */
  doubledMax(): number {
    return this.#process.sentAgain() + this.#deathBound
  }

  /** Read from a copy: whoever opens the log itself after a crash would mend it. */
  #lagNow(): number {
    if (!existsSync(this.database)) return 0
    const copies = join(this.#folder, `dead-${this.#process.lives}`)
    mkdirSync(copies)
    for (const suffix of ['', '-wal'])
      if (existsSync(this.database + suffix))
        copyFileSync(this.database + suffix, join(copies, `log.db${suffix}`))
    const lag = lagOf(readLog(join(copies, 'log.db')))
    rmSync(copies, { recursive: true })
    return lag
  }
}
