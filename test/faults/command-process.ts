import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Child } from './child.ts'
import { places } from './places.ts'
import { until } from './until.ts'

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

export interface CommandOptions {
  readonly folder: string
  /** Of its output: `drain-1.out` is what the first life of `drain` said. */
  readonly name: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** One process of the real command, started again whenever it was killed. */
export class CommandProcess {
  readonly name: string
  /** What its next life runs. */
  program = places.drain
  readonly #options: CommandOptions
  #child: Child | null = null
  #lives = 0

  constructor(options: CommandOptions) {
    this.#options = options
    this.name = options.name
  }

  get pid(): number {
    return this.#child?.pid ?? -1
  }

  get alive(): boolean {
    return this.#child !== null && this.#child.end === null
  }

  get lives(): number {
    return this.#lives
  }

  get outputFile(): string {
    return this.#fileOf(this.#lives)
  }

  start(): void {
    const { folder, name, args, env } = this.#options
    this.#lives++
    this.#child = new Child({
      command: this.program,
      args,
      outputFile: this.outputFile,
      errorFile: join(folder, `${name}.err`),
      ...(env ? { env } : {}),
    })
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name)
  }

  /** Waits for the end of this life. */
  async died(): Promise<void> {
    await this.#child?.exited
  }

  async stop(): Promise<void> {
    if (!this.alive) throw new Error(`${this.name} had ended by itself: ${this.#child?.end}`)
    const onTime = await this.#child?.stop(25_000)
    // A program that has not begun to listen for signals has nothing in hand either.
    if (this.#child?.end === 'SIGTERM' && readFileSync(this.outputFile).length === 0) return
    if (!onTime || this.#child?.end !== 0)
      throw new Error(`SIGTERM: ${this.name} ended with ${this.#child?.end}${onTime ? '' : ', and too late'}`)
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
      const answer = await fetch(`${url}/status`, { signal: AbortSignal.timeout(10_000) })
      return answer.ok ? ((await answer.json()) as DrainStatus) : null
    } catch {
      return null
    }
  }

  async listening(withinMs = 120_000): Promise<void> {
    await until(`${this.name} listens`, () => this.#url() !== null || !this.alive, withinMs)
  }

  /** Everything its log lines say, over all lives. */
  lines(): Record<string, unknown>[] {
    const lines: Record<string, unknown>[] = []
    for (let life = 1; life <= this.#lives; life++) {
      const text = readFileSync(this.#fileOf(life), 'utf8')
      // What a kill cut off, or is being written, ends without a line end.
      for (const line of text.split('\n').slice(0, -1))
        if (line.startsWith('{') && line.endsWith('}')) lines.push(JSON.parse(line))
    }
    return lines
  }

  /** Records of writes whose fate was unknown, as it said when it sent them again. */
  sentAgain(): number {
    return this.lines().reduce((sum, line) => sum + Number(line['sentAgain'] ?? 0), 0)
  }

  #fileOf(life: number): string {
    return join(this.#options.folder, `${this.name}-${life}.out`)
  }

  #url(): string | null {
    if (this.#lives === 0) return null
    const line = readFileSync(this.outputFile, 'utf8')
      .split('\n')
      .find(text => text.includes('"listening') && text.endsWith('}'))
    return line === undefined ? null : String((JSON.parse(line) as { url?: string }).url)
  }
}
