import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Child } from './child.ts'
import { places } from './places.ts'
import { lagOf, readLog } from './read-ends.ts'
import { until } from './until.ts'

/** Records of one delivery, at most: `batchMax` of the sink worker, which a crash may double. */
const deliveryMax = 10_000

export interface DrainStatus {
  readonly foundations: readonly {
    readonly state: string
    readonly caughtUp: boolean
    readonly lastPoll: { readonly at: string } | null
  }[]
  readonly sinks: readonly {
    readonly sentAgain: number
    readonly position: { readonly offset: number; readonly lag: number } | null
  }[]
}

/** The real command, started again whenever it was killed. */
export class Drain {
  readonly logDir: string
  readonly #folder: string
  readonly #configFile: string
  #child: Child | null = null
  #lives = 0
  #deathBound = 0
  /** How each life ended. */
  readonly ends: (number | string | null)[] = []

  constructor(folder: string, config: object, logDir = join(folder, 'data')) {
    this.#folder = folder
    this.logDir = logDir
    this.#configFile = join(folder, 'drain.yaml')
    writeFileSync(this.#configFile, JSON.stringify(config, null, 2))
  }

  get pid(): number {
    return this.#child?.pid ?? -1
  }

  get alive(): boolean {
    return this.#child !== null && this.#child.end === null
  }

  get outputFile(): string {
    return join(this.#folder, `drain-${this.#lives}.out`)
  }

  get database(): string {
    return join(this.logDir, 'log.db')
  }

  start(): void {
    this.#lives++
    this.#child = new Child({
      command: places.drain,
      args: ['start', '--config', this.#configFile],
      outputFile: this.outputFile,
      errorFile: join(this.#folder, 'drain.err'),
    })
  }

  /** kill -9, at whatever it is doing. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.died()
  }

  /** Waits for the end of this life and counts what it may have left half done. */
  async died(): Promise<void> {
    await this.#child?.exited
    this.ends.push(this.#child?.end ?? null)
    this.#deathBound += Math.min(deliveryMax, this.#lagNow())
  }

  async stop(): Promise<void> {
    if (!this.alive) throw new Error(`the drain had ended by itself: ${this.#child?.end}`)
    const onTime = await this.#child?.stop(25_000)
    if (!onTime || this.#child?.end !== 0)
      throw new Error(`SIGTERM: the drain ended with ${this.#child?.end}${onTime ? '' : ', and too late'}`)
  }

  async abandon(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#child?.exited
  }

  /** Null while it does not answer. */
  async status(): Promise<DrainStatus | null> {
    const url = this.#url()
    if (url === null) return null
    try {
      const answer = await fetch(`${url}/status`, { signal: AbortSignal.timeout(2_000) })
      return (await answer.json()) as DrainStatus
    } catch {
      return null
    }
  }

  async listening(): Promise<void> {
    await until('the drain listens', () => this.#url() !== null || !this.alive, 30_000)
  }

  /** Everything its log lines say, over all lives. */
  lines(): Record<string, unknown>[] {
    const lines: Record<string, unknown>[] = []
    for (let life = 1; life <= this.#lives; life++) {
      const text = readFileSync(join(this.#folder, `drain-${life}.out`), 'utf8')
      // What a kill cut off, or is being written, ends without a line end.
      for (const line of text.split('\n').slice(0, -1))
        if (line.startsWith('{') && line.endsWith('}')) lines.push(JSON.parse(line))
    }
    return lines
  }

  /**
   * What may have arrived twice: the records of writes whose fate was unknown, as the drain itself said when it sent
   * them again, and for each life that was cut off the records after its cursor, at most one delivery.
   */
  doubledMax(): number {
    const sentAgain = this.lines().reduce((sum, line) => sum + Number(line['sentAgain'] ?? 0), 0)
    return sentAgain + this.#deathBound
  }

  #url(): string | null {
    const line = readFileSync(this.outputFile, 'utf8')
      .split('\n')
      .find(text => text.includes('"listening') && text.endsWith('}'))
    return line === undefined ? null : String((JSON.parse(line) as { url?: string }).url)
  }

  /** Read from a copy: whoever opens the log itself after a crash would mend it. */
  #lagNow(): number {
    if (!existsSync(this.database)) return 0
    const copies = join(this.#folder, `dead-${this.#lives}`)
    mkdirSync(copies)
    for (const suffix of ['', '-wal'])
      if (existsSync(this.database + suffix))
        copyFileSync(this.database + suffix, join(copies, `log.db${suffix}`))
    const lag = lagOf(readLog(join(copies, 'log.db')))
    rmSync(copies, { recursive: true })
    return lag
  }
}
