import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Config, loadConfig, renderFaults } from '@cf-audit-drain/config'
import { EventGenerator, type Foundation, liven, startFoundation } from '@cf-audit-drain/foundation-simulator'
import { type Clock, seededRandom } from '@cf-audit-drain/pipeline'
import { print, terminalColumns } from './print.ts'
import { terminalRow } from './terminal-row.ts'

const days = 21
const historyCount = 20_000
const eventsPerSecond = 0.7
/** The first lines of the backfill; the rest is only counted, a terminal shows nothing at that rate. */
const shownOfBackfill = 5

export interface Demo {
  readonly foundation: Foundation
  readonly receiver: PrintingReceiver
  /** The given configuration, with the simulated foundation and the printing receiver in it. */
  readonly config: Config
  /** Keeps the foundation lively until the signal is aborted. */
  liven(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** A simulated foundation with weeks of history and a receiver that prints what a SIEM would see. */
export async function startDemo(base: Config, clock: Clock, seed: number): Promise<Demo> {
  const foundation = await startFoundation({ random: seededRandom(seed), keepPages: false })
  const generator = new EventGenerator(seededRandom(seed + 1), foundation.api)
  const toMs = Math.floor(clock.now() / 1000) * 1000
  foundation.insert(generator.history({ count: historyCount, fromMs: toMs - days * 86_400_000, toMs }))
  const receiver = new PrintingReceiver()
  const port = await receiver.listen()
  const dir = await mkdtemp(join(tmpdir(), 'cf-audit-drain-'))
  return {
    foundation,
    receiver,
    config: demoConfig(base, foundation, port, dir),
    liven: signal =>
      liven(foundation, generator, { eventsPerSecond, lateProbability: 0.01, lateMaxMs: 30_000 }, signal),
    async close() {
      await foundation.close()
      await receiver.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** What a user's environment would say of the two, judged by the same parser. */
function demoConfig(base: Config, foundation: Foundation, port: number, dir: string): Config {
  const env = {
    CF_FOUNDATION: 'simulated',
    CF_API: foundation.api,
    CF_CLIENT_ID: foundation.clientId,
    CF_CLIENT_SECRET: foundation.clientSecret,
    SINK_URL: `syslog://127.0.0.1:${port}`,
    DATA_DIR: dir,
    POLL_INTERVAL: process.env['POLL_INTERVAL'] ?? '2s',
  }
  const loaded = loadConfig({ env, readFile: path => readFileSync(path, 'utf8') })
  if ('faults' in loaded) throw new Error(renderFaults(loaded.faults))
  const { foundations, sinks, log } = loaded.config
  return { ...base, foundations, sinks, log }
}

/** One row for each event in a terminal, the whole message anywhere else. */
async function printMessage(message: string): Promise<void> {
  const columns = terminalColumns()
  await print(columns === null ? message : terminalRow(message, columns))
}

/** Reads octet-counted frames (RFC 6587) and prints their messages: the first ones, then those after the backfill. */
export class PrintingReceiver {
  readonly #print: (message: string) => Promise<void>
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  received = 0
  /** While true only the first messages are printed. */
  quiet = true

  constructor(show: (message: string) => Promise<void> = printMessage) {
    this.#print = show
    this.#server = createServer({ allowHalfOpen: true }, socket => void this.#read(socket))
  }

  async listen(): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.listen(0, '127.0.0.1', resolve)
    await promise
    const address = this.#server.address()
    return typeof address === 'object' && address ? address.port : 0
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    await promise
  }

  async #read(socket: Socket): Promise<void> {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    try {
      let rest: Buffer = Buffer.alloc(0)
      for await (const chunk of socket) rest = await this.#frames(Buffer.concat([rest, chunk as Buffer]))
      socket.end()
    } finally {
      this.#sockets.delete(socket)
    }
  }

  async #frames(bytes: Buffer): Promise<Buffer> {
    let at = 0
    for (;;) {
      const space = bytes.indexOf(0x20, at)
      const length = Number(bytes.toString('latin1', at, space))
      if (space < 0 || bytes.length < space + 1 + length) return Buffer.from(bytes.subarray(at))
      await this.#message(bytes.toString('utf8', space + 1, space + 1 + length))
      at = space + 1 + length
    }
  }

  async #message(message: string): Promise<void> {
    this.received++
    if (!this.quiet || this.received <= shownOfBackfill) await this.#print(message.trimEnd())
    else if (this.received === shownOfBackfill + 1)
      await this.#print('… and so on; the backfill is only counted from here')
  }
}
