import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type CloudController, cloudController, type FoundationOptions } from '@cf-audit-drain/cloud-foundry'
import { createScrubber, decodeAuditEvent, isOwnGuid, isOwnType } from '@cf-audit-drain/event'
import { type Foundation, type SimulatorOptions, startFoundation } from '@cf-audit-drain/foundation-simulator'
import { type EventLog, type LedgerWindow, openEmbeddedLog } from '@cf-audit-drain/log'
import { type DrivenClock, drivenClock, seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import type { Checkpoint } from '../checkpoint.ts'
import { Poller, type PollerOptions, pollerDefaults, type Verified } from '../index.ts'
import type { WindowsInNews } from '../ledger-news.ts'
import type { NarrowedRights } from '../rights-guard.ts'
import type { ComparedWindow } from '../session.ts'
import type { SourceLoss } from '../source-status.ts'
import { alterWriter } from './alter-writer.ts'

export const hourMs = 3_600_000

/** A simulated foundation, an embedded log and a poller between them, all on one clock that the test moves. */
export class PolledFoundation {
  readonly clock: DrivenClock = drivenClock()
  readonly compared: ComparedWindow[] = []
  readonly failures: { readonly loop: string; readonly error: Error; readonly delayMs: number }[] = []
  readonly missing: number[] = []
  /** What each session has begun with. */
  readonly resumed: { readonly checkpoint: Checkpoint | null; readonly comparedMs: number | null }[] = []
  readonly narrowed: (NarrowedRights | null)[] = []
  readonly verified: Verified[] = []
  /** Of audit events, a count being one row. */
  readonly asked = { requests: 0, rows: 0 }
  /** What was told to be gone, as far as it was named. */
  readonly gone: { readonly fromSec: number; readonly guids: readonly string[] }[] = []
  /** Windows of the ledger that became short, and whole again. */
  readonly short: LedgerWindow[] = []
  readonly whole: LedgerWindow[] = []
  /** Each time that something was told to be gone. */
  readonly news: WindowsInNews[] = []
  readonly lateBy: number[] = []
  readonly losses: SourceLoss[] = []
  readonly returned: Omit<SourceLoss, 'kind'>[] = []
  /** Every sleep that was asked for, milliseconds. */
  readonly slept: number[] = []
  polls = 0
  #inFlight = 0
  /** Guids that were named in counts. */
  namedGuids = 0
  /** What comes of a count that names guids, as where something before Cloud Controller takes no such long request line. */
  guidFault: Error | 'ignored' | null = null
  /** Thrown once, by the next count from a week ago or longer on after the oldest event was asked for. */
  faultAfterOldest: Error | null = null
  #armedFault: Error | null = null
  acceptRights = false
  /** As where there is no /v3/roles. */
  asksNoRoles = false
  /** In the place of what it was made with. */
  startFrom: PollerOptions['startFrom'] | null = null
  apiVersion: NonNullable<FoundationOptions['apiVersion']>
  foundation!: Foundation
  log!: EventLog
  poller!: Poller
  readonly #dir = mkdtempSync(join(tmpdir(), 'poller-'))
  readonly #options: PollerOptions
  #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #controller: ReturnType<typeof cloudController> | null = null

  readonly #client: Partial<FoundationOptions>

  private constructor(options: Partial<PollerOptions>, client: Partial<FoundationOptions>) {
    this.#options = { ...pollerDefaults, foundation: 'test', ...options }
    this.#client = client
    this.apiVersion = client.apiVersion ?? 'v3'
  }

  static async make(
    t: TestContext,
    options: Partial<PollerOptions> = {},
    simulator: SimulatorOptions = {},
    client: Partial<FoundationOptions> = {},
    openLog: (() => Promise<EventLog>) | null = null,
  ): Promise<PolledFoundation> {
    const made = new PolledFoundation(options, client)
    made.foundation = await startFoundation({ clock: made.clock, random: seededRandom(1), ...simulator })
    made.use(await (openLog?.() ?? openEmbeddedLog({ dir: made.#dir, clock: made.clock })))
    t.after(async () => {
      await made.stop()
      await made.log.close()
      await made.foundation.close()
      rmSync(made.#dir, { recursive: true })
    })
    return made
  }

  /** From the next start on. */
  use(log: EventLog): void {
    this.log = log
    alterWriter(log, real => ({ publish: (...what) => this.#flying(real.publish(...what)) }))
  }

  /** Milliseconds before now (the foundation's), as a row's stamp in microseconds. */
  agoUs(ms: number): number {
    return (this.clock.now() + this.foundation.skewMs - ms) * 1000
  }

  start(): Promise<void> {
    const { clock, foundation } = this
    this.#stop = new AbortController()
    const random = seededRandom(2)
    const { api, clientId, clientSecret } = foundation
    this.#controller = cloudController(
      { name: 'test', api, clientId, clientSecret, ...this.#client, apiVersion: this.apiVersion },
      { clock, random },
    )
    const observer = {
      resumed: (checkpoint: Checkpoint | null, comparedMs: number | null) =>
        this.resumed.push({ checkpoint, comparedMs }),
      polled: () => {
        this.polls++
      },
      failed: (failure: { loop: string; error: Error; delayMs: number }) => this.failures.push(failure),
      compared: (window: ComparedWindow) => this.compared.push(window),
      missing: (_loop: string, count: number) => this.missing.push(count),
      narrowed: (narrowed: NarrowedRights | null) => this.narrowed.push(narrowed),
      verified: (verified: Verified) => this.verified.push(verified),
      gone: (news: WindowsInNews) => {
        this.news.push(news)
        for (const { window, guids } of news.named) this.gone.push({ fromSec: window.fromSec, guids })
      },
      short: ({ named }: WindowsInNews) => this.short.push(...named.map(({ window }) => window)),
      whole: ({ named }: WindowsInNews) => this.whole.push(...named.map(({ window }) => window)),
      lateBy: (ages: readonly number[]) => this.lateBy.push(...ages),
      sourceLoss: (loss: SourceLoss) => this.losses.push(loss),
      sourceReturned: (returned: Omit<SourceLoss, 'kind'>) => this.returned.push(returned),
    }
    const scrubber = createScrubber({ key: Buffer.alloc(32, 7) })
    const noting = { ...clock, sleep: this.#sleep }
    this.poller = new Poller(
      {
        ...this.#options,
        acceptRights: this.acceptRights,
        startFrom: this.startFrom ?? this.#options.startFrom,
      },
      {
        controller: this.#metered(this.#controller),
        log: this.log,
        scrubber,
        clock: noting,
        random,
        observer,
      },
    )
    this.#running = this.poller.run(this.#stop.signal)
    this.#running.catch(() => undefined)
    return this.#running
  }

  readonly #sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    this.slept.push(ms)
    return this.clock.sleep(ms, signal)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running.catch(() => undefined)
    await this.#controller?.close()
  }

  async started(withinMs?: number): Promise<void> {
    this.start().catch(() => undefined)
    await this.until(() => this.poller.caughtUp(), withinMs)
  }

  #metered(controller: CloudController): CloudController {
    const { asked } = this
    const metered: Partial<CloudController> = {
      auditEvents: async (query, signal) => {
        asked.requests++
        const page = await this.#flying(controller.auditEvents(query, signal))
        asked.rows += page.resources.length
        return page
      },
      countAuditEvents: async (window, signal, guids) => {
        asked.requests++
        asked.rows++
        if (this.#armedFault !== null && window.fromSec * 1_000 < this.clock.now() - 7 * 24 * hourMs) {
          const fault = this.#armedFault
          this.#armedFault = null
          throw fault
        }
        if (guids !== undefined && this.guidFault instanceof Error) throw this.guidFault
        const heeded = this.guidFault === 'ignored' ? undefined : guids
        const count = await this.#flying(controller.countAuditEvents(window, signal, heeded))
        this.namedGuids += guids?.length ?? 0
        return count
      },
      rights: async (signal, look) => {
        const rights = await controller.rights(signal, look)
        return this.asksNoRoles ? { ...rights, roles: null } : rights
      },
      oldestAuditEventSec: async signal => {
        const sec = await this.#flying(controller.oldestAuditEventSec(signal))
        this.#armedFault ??= this.faultAfterOldest
        this.faultAfterOldest = null
        return sec
      },
    }
    return new Proxy(controller, {
      get(of, name) {
        const own = Reflect.get(metered, name)
        if (own !== undefined) return own
        const value = Reflect.get(of, name)
        return typeof value === 'function' ? value.bind(of) : value
      },
    })
  }

  async #flying<T>(answer: Promise<T>): Promise<T> {
    this.#inFlight++
    try {
      return await answer
    } finally {
      this.#inFlight--
    }
  }

  /** Moves time by `ms` in steps, none of them while a request about events or a publish waits for its answer. */
  async passCalmly(ms: number, stepMs = this.#options.pollIntervalMs): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      for (let calm = 0; calm < 3; calm = this.#inFlight === 0 ? calm + 1 : 0) await systemClock.sleep(1)
      this.clock.advance(Math.min(left, stepMs))
    }
  }

  /** Moves time by `ms`, in steps short enough that no poll is left out. */
  async pass(ms: number, stepMs = this.#options.pollIntervalMs): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      const polls = this.polls
      this.clock.advance(Math.min(left, stepMs) * 1.1)
      await this.until(() => this.polls > polls)
    }
  }

  /** Moves time until the whole ledger was compared so many times more, each begun after this. */
  async verifiedAgain(times = 1, withinMs?: number): Promise<void> {
    for (let left = times + 1; left > 0; left--) {
      const before = this.verified.length
      this.clock.advance(this.#options.verifyIntervalMs * 1.1)
      await this.until(() => {
        // One that was under way sleeps its whole interval after that.
        this.clock.advance(200)
        return this.verified.length > before
      }, withinMs)
    }
  }

  /** Moves time a little again and again (retries and sweeps sleep on it) until the condition holds. */
  async until(condition: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
    const giveUpMs = systemClock.monotonic() + withinMs
    for (let round = 0; !(await condition()); round++) {
      if (systemClock.monotonic() > giveUpMs)
        throw new Error(`gave up waiting: ${JSON.stringify(this.poller.status(), null, 1)}`)
      await systemClock.sleep(2)
      if (round % 10 === 9) this.clock.advance(100)
    }
  }

  /** Of Cloud Controller's events. */
  async guids(): Promise<string[]> {
    const guids = (await Array.fromAsync(this.log.events({}))).map(({ guid }) => guid)
    return guids.filter(guid => !isOwnGuid(guid))
  }

  async events() {
    return (await Array.fromAsync(this.log.events({}))).map(({ bytes }) => decodeAuditEvent(bytes))
  }

  /** What this program told of its own. */
  async told() {
    return (await this.events()).filter(({ type }) => isOwnType(type))
  }

  /** Every row that was ever visible is in the log, once, and nothing else of Cloud Controller. */
  async differences(): Promise<{
    readonly lost: string[]
    readonly phantom: string[]
    readonly doubled: number
  }> {
    const held = await this.guids()
    const shown = new Set(this.foundation.shown().map(({ guid }) => guid))
    const distinct = new Set(held)
    return {
      lost: [...shown.difference(distinct)],
      phantom: [...distinct.difference(shown)],
      doubled: held.length - distinct.size,
    }
  }
}

export const nothingWrong = { lost: [], phantom: [], doubled: 0 }
