import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { type Foundation, startFoundation } from '@cf-audit-drain/foundation-simulator'
import { systemClock } from '@cf-audit-drain/pipeline'
import { command } from './command-for-tests.ts'

const lonePoller = join(import.meta.dirname, 'lone-poller-for-tests.ts')
const everyMs = 50

interface ShownFoundation {
  readonly foundation: string
  readonly state: string
  readonly fenced: { readonly times: number } | null
}

/** One process, and what it says of itself. */
export class PollerProcess {
  readonly child: ChildProcess
  readonly lines: Record<string, unknown>[] = []
  readonly #exited: Promise<unknown>

  constructor(file: string, args: readonly string[], dataDir: string) {
    const { PATH = '' } = process.env
    this.child = spawn(file, [...args], {
      env: { PATH, DATA_DIR: dataDir },
      cwd: tmpdir(),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#exited = once(this.child, 'exit')
    if (this.child.stdout)
      createInterface(this.child.stdout).on('line', line => this.lines.push(JSON.parse(line)))
  }

  get url(): string | null {
    const listening = this.lines.find(line => typeof line['url'] === 'string')
    return listening === undefined ? null : String(listening['url'])
  }

  saying(part: string): readonly Record<string, unknown>[] {
    return this.lines.filter(({ msg }) => String(msg).includes(part))
  }

  /** By foundation; empty while nobody answers. */
  async states(): Promise<Record<string, string>> {
    const { url } = this
    if (url === null) return {}
    const { foundations } = (await (await fetch(`${url}/status`)).json()) as {
      foundations: ShownFoundation[]
    }
    return Object.fromEntries(foundations.map(({ foundation, state }) => [foundation, state]))
  }

  async ask(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await fetch(`${this.url}${path}`)
    return { status: answer.status, text: await answer.text() }
  }

  /** Returns when it has ended. */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill(signal)
      await this.#exited
    }
  }
}

/** Foundations with events all the time, the pollers of them, and kcat, which judges what is in Kafka. */
export class PollersScene {
  readonly #foundation: Foundation
  readonly #brokers: string
  readonly #prefix: string
  readonly #folder: string
  readonly #processes: PollerProcess[] = []
  readonly #watchers: ChildProcess[] = []
  readonly #seen = new Map<string, ReadonlySet<string>>()
  readonly #traffic = new AbortController()
  #inserted: string[] = []
  #flowing: Promise<void> = Promise.resolve()
  #configs = 0

  private constructor(foundation: Foundation, brokers: string, prefix: string, folder: string) {
    this.#foundation = foundation
    this.#brokers = brokers
    this.#prefix = prefix
    this.#folder = folder
  }

  static async make(t: TestContext, brokers: readonly string[], name: string): Promise<PollersScene> {
    const foundation = await startFoundation({})
    const folder = mkdtempSync(join(tmpdir(), 'pollers-'))
    const prefix = `pollers-${process.pid}-${name}`
    const scene = new PollersScene(foundation, brokers.join(','), prefix, folder)
    t.after(async () => {
      for (const one of scene.#processes) await one.end('SIGKILL')
      for (const watcher of scene.#watchers) watcher.kill()
      await scene.quiet()
      await foundation.close()
      rmSync(folder, { recursive: true })
    })
    return scene
  }

  /** As a user starts it. */
  poller(foundations: readonly string[], sessionTimeout = '6s'): PollerProcess {
    return this.#started(command, ['poller', '--config', this.#config(foundations, sessionTimeout)])
  }

  /** One that does not ask whether it is elected. */
  lonePoller(foundation: string): PollerProcess {
    return this.#started(process.execPath, [lonePoller, this.#config([foundation], '10s')])
  }

  /** A new event every 50 ms from now on. */
  flow(): void {
    const { signal } = this.#traffic
    this.#flowing = (async () => {
      while (!signal.aborted) {
        this.insert()
        await systemClock.sleep(everyMs, signal).catch(() => undefined)
      }
    })()
  }

  /** Inserts one event that is visible at once, and returns its guid. */
  insert(): string {
    const [guid = ''] = this.#foundation.insert([{}])
    this.#inserted.push(guid)
    return guid
  }

  async quiet(): Promise<void> {
    this.#traffic.abort()
    await this.#flowing
  }

  /** Every committed record of the foundation, by its guid. */
  async held(foundation: string): Promise<readonly string[]> {
    const args = [...this.#reading(foundation), '-e']
    const { stdout } = await promisify(execFile)('kcat', args, { maxBuffer: 2 ** 26 })
    return stdout.split('\n').filter(line => line !== '')
  }

  /** Waits until kcat sees the event; how long that took, in ms. */
  async arrival(foundation: string, guid: string): Promise<number> {
    const startedMs = systemClock.monotonic()
    const seen = this.#seen.get(foundation) ?? this.#watched(foundation)
    await this.until(`an event in ${foundation}`, () => seen.has(guid))
    return Math.round(systemClock.monotonic() - startedMs)
  }

  /** Ends the traffic and waits until all of it is held: each event once, in every foundation. */
  async assertComplete(...foundations: readonly string[]): Promise<void> {
    await this.quiet()
    const last = this.insert()
    for (const foundation of foundations) {
      await this.arrival(foundation, last)
      const held = await this.held(foundation)
      assert.equal(held.length, new Set(held).size, `${foundation}: an event is there twice`)
      assert.deepEqual(new Set(held), new Set(this.#inserted), `${foundation}: an event is missing`)
    }
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const giveUpMs = systemClock.monotonic() + 45_000
    while (!(await condition())) {
      assert.ok(systemClock.monotonic() < giveUpMs, `gave up waiting for ${what}: ${this.#said()}`)
      await systemClock.sleep(20)
    }
  }

  /** What kcat sees of the foundation while it comes in. */
  #watched(foundation: string): ReadonlySet<string> {
    const seen = new Set<string>()
    this.#seen.set(foundation, seen)
    const quick = ['-u', '-X', 'fetch.wait.max.ms=50']
    const kcat = spawn('kcat', [...this.#reading(foundation), ...quick], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    createInterface(kcat.stdout).on('line', guid => seen.add(guid))
    this.#watchers.push(kcat)
    return seen
  }

  #reading(foundation: string): readonly string[] {
    const from = ['-C', '-t', `${this.#prefix}.events.${foundation}`, '-o', 'beginning']
    return ['-b', this.#brokers, ...from, '-q', '-f', '%k\n', '-X', 'isolation.level=read_committed']
  }

  #said(): string {
    return this.#processes.map(({ lines }) => JSON.stringify(lines.slice(-8), null, 1)).join('\n')
  }

  #started(file: string, args: readonly string[]): PollerProcess {
    const started = new PollerProcess(file, args, this.#folder)
    this.#processes.push(started)
    return started
  }

  #config(foundations: readonly string[], sessionTimeout: string): string {
    const { api, clientId, clientSecret } = this.#foundation
    const config = {
      foundations: foundations.map(name => ({ name, api, clientId, clientSecret, pollInterval: '1s' })),
      log: {
        kafka: {
          brokers: this.#brokers.split(','),
          prefix: this.#prefix,
          createTopics: true,
          replicationFactor: 1,
          sessionTimeout,
        },
      },
      http: { address: '127.0.0.1:0' },
      scrub: { key: 'f'.repeat(64) },
    }
    const file = join(this.#folder, `config-${++this.#configs}.yaml`)
    writeFileSync(file, JSON.stringify(config))
    return file
  }
}
