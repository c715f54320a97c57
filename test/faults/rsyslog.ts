import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '@cf-audit-drain/syslog/testing/rsyslogd'
import { Child } from './child.ts'
import { until } from './until.ts'

/** A real rsyslogd without queues: what it has read it has written. It keeps its port over restarts. */
export class Rsyslog {
  readonly linesFile: string
  readonly #folder: string
  #child: Child | null = null
  #port = 0
  #lives = 0

  constructor(folder: string) {
    this.#folder = folder
    this.linesFile = join(folder, 'rsyslog.lines')
    writeFileSync(this.linesFile, '')
  }

  get port(): number {
    return this.#port
  }

  async start(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort()
    const config = join(this.#folder, 'rsyslog.conf')
    writeFileSync(
      config,
      `global(workDirectory="${this.#folder}" maxMessageSize="64k")
main_queue(queue.type="direct")
module(load="imtcp")
template(name="raw" type="string" string="%rawmsg%\\n")
ruleset(name="events" queue.type="direct") {
  action(type="omfile" file="${this.linesFile}" template="raw" queue.type="direct")
}
input(type="imtcp" address="127.0.0.1" port="${this.#port}" ruleset="events")
`,
    )
    const pidFile = join(this.#folder, `rsyslog-${this.#port}.pid`)
    const child = new Child({
      command: 'rsyslogd',
      args: ['-n', '-f', config, '-i', `${pidFile}.${++this.#lives}`],
      outputFile: join(this.#folder, 'rsyslog.out'),
      errorFile: join(this.#folder, 'rsyslog.err'),
    })
    this.#child = child
    await until('rsyslogd listens', () => listens(this.#port) || child.end !== null, 10_000)
    if (child.end !== null) throw new Error(`rsyslogd ended with ${child.end}: see ${this.#folder}`)
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#child?.exited
  }

  async stop(): Promise<void> {
    await this.#child?.stop(5_000)
  }
}

/** By the kernel's table: a connection made to find out would be one more event for rsyslogd. */
function listens(port: number): boolean {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .some(line => line.includes(`${local} 00000000:0000 0A`))
}
