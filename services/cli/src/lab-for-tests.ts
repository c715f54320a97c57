import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Foundation } from '@cf-audit-drain/foundation-simulator'
import { shareKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { begin, runs, temporary, until } from './command-for-tests.ts'

/** An event of the log, as `events --json` prints it. */
export interface PrintedEvent {
  readonly type: string
  readonly guid: string
  readonly target: { readonly guid: string; readonly name: string }
  readonly names: { readonly app: string | null } | null
  readonly data: Readonly<Record<string, unknown>>
}

/** A guid that one can tell apart by eye. */
export function uuid(number: number): string {
  return `${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`
}

/** To look at the log starts a process each time, which whatever is waited for needs the processor for. */
const aProcessEveryMs = 1_500

export async function eventually(condition: () => Promise<boolean>, everyMs = 200): Promise<void> {
  const giveUpMs = systemClock.monotonic() + 90_000
  while (!(await condition())) {
    assert.ok(systemClock.monotonic() < giveUpMs, `gave up waiting for ${condition}`)
    await systemClock.sleep(everyMs)
  }
}

/** One process of the command. */
export class LabRun {
  readonly #process: ReturnType<typeof begin>

  constructor(process: ReturnType<typeof begin>) {
    this.#process = process
  }

  /** What it has written so far. */
  out(): string {
    return this.#process.out()
  }

  err(): string {
    return this.#process.err()
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.child.kill(signal)
  }

  async kill(): Promise<void> {
    this.#process.child.kill('SIGKILL')
    await this.#process.ended
  }

  async get(path: string): Promise<string> {
    const url = () => /"url":"(http[^"]+)"/.exec(this.out())?.[1]
    await until(() => url() !== undefined)
    return (await fetch(`${url()}${path}`)).text()
  }

  /** What /status says of the foundation. */
  async status() {
    return JSON.parse(await this.get('/status')).foundations[0]
  }
}

/** Whether it has ended, and the last lines it wrote: for whoever has to find out why a test failed. */
function lastWordsOf({ child, out, err }: ReturnType<typeof begin>): string {
  const ending = child.exitCode ?? child.signalCode ?? 'runs'
  return `process ${child.pid} (${ending}): ${out().slice(-4_000)}${err().slice(-2_000)}`
}

/** A log on the Kafka of the tests, as in a configuration. */
export async function logOnKafka(t: TestContext, prefix: string): Promise<object> {
  const kafka = await shareKafka()
  t.after(() => kafka.stop())
  return {
    kafka: {
      brokers: kafka.brokers,
      prefix: `${prefix}-${process.pid}`,
      createTopics: true,
      replicationFactor: 1,
      sessionTimeout: '10s',
    },
  }
}

/** The command beside one simulated foundation called `lab`, with one log, to be started as often as it is killed. */
export class Lab {
  readonly #t: TestContext
  readonly #env: Record<string, string>
  readonly #file: string
  #lastLook = ''

  /** `log`, and `more` of the foundation, as in a configuration. */
  constructor(t: TestContext, { api, clientId, clientSecret }: Foundation, log: object, more: object = {}) {
    const dir = temporary(t)
    this.#t = t
    this.#env = { DATA_DIR: join(dir, 'data') }
    this.#file = join(dir, 'config.yaml')
    const config = {
      foundations: [{ name: 'lab', api, clientId, clientSecret, pollInterval: '1s', ...more }],
      log,
      http: { address: '127.0.0.1:0' },
      scrub: { key: 'f'.repeat(64) },
    }
    writeFileSync(this.#file, JSON.stringify(config))
  }

  start(): LabRun {
    const process = begin(['start', '--config', this.#file], this.#env)
    this.#t.after(() => {
      if (!this.#t.passed) this.#t.diagnostic(`${lastWordsOf(process)}\n${this.#lastLook}`)
      process.child.kill('SIGKILL')
    })
    return new LabRun(process)
  }

  /** What the log holds of these types. */
  async events(type: string): Promise<readonly PrintedEvent[]> {
    const args = ['events', '--config', this.#file, '--type', type, '--json', '--limit', '1000']
    const { code, out, err } = await runs(args, this.#env)
    this.#lastLook = `events ended with ${code}: ${err}`
    return out
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as PrintedEvent)
  }

  /** Once the log holds so many of them. */
  async eventsOnce(count: number, type: string): Promise<readonly PrintedEvent[]> {
    let events: readonly PrintedEvent[] = []
    await eventually(async () => {
      events = await this.events(type)
      return events.length >= count
    }, aProcessEveryMs)
    return events
  }

  async ledger(): Promise<string> {
    return (await runs(['ledger', '--config', this.#file, '--json'], this.#env)).out
  }
}
