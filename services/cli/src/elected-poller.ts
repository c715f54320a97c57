import { FencedError, KafkaStateError } from '@cf-audit-drain/log'
import type { Clock, Random } from '@cf-audit-drain/pipeline'
import { NotEverythingVisibleError, type Poller } from '@cf-audit-drain/poller'
import type { FoundationMetrics, Logger } from '@cf-audit-drain/runtime'
import { FencingWar } from './fencing-war.ts'

/** How often it is looked whether an operator has mended something. */
const operatorMs = 30_000

export interface ElectedPollerDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: FoundationMetrics | null
  /** This process has no other foundation: what no time mends ends it, unless it has polled before. */
  readonly isAlone: boolean
  /** `opened`: to be told when the poller has its writer. */
  makePoller(opened: () => void): Poller
  /** It is known for the first time that this process is not to poll, or cannot. */
  settled(): void
  /** Why no broker can be reached; null where they can, or it is not known. */
  away?(): Error | null
}

export interface FencedStatus {
  readonly times: number
  readonly lastAt: string
  readonly nextTryAt: string | null
}

/**
 * The poller of one foundation for the terms in which this process is the one to poll it. `waiting`: it is not known
 * who is; `standby`: another process; `fenced`: this one, but another one writes, too.
 */
export class ElectedPoller {
  readonly #foundation: string
  readonly #deps: ElectedPollerDeps
  readonly #war: FencingWar
  #standing: 'waiting' | 'standby' | 'leading' = 'waiting'
  #poller: Poller | null = null
  #fenced: FencedStatus | null = null
  #lastError: string | null = null
  /** Of an error that an operator has to mend, while it is waited for. */
  #undecided: string | null = null
  #hasPolled = false
  /** Its events were read by this process, in this term or one before. */
  #hasRead = false

  constructor(foundation: string, deps: ElectedPollerDeps) {
    this.#foundation = foundation
    this.#deps = deps
    this.#war = new FencingWar(deps.random)
    deps.metrics?.leading(false)
  }

  /** Null while this process does not poll. */
  get poller(): Poller | null {
    return this.#poller
  }

  /** Since the start of the process; null when never. */
  get fenced(): FencedStatus | null {
    return this.#fenced
  }

  get state(): 'waiting' | 'standby' | 'fenced' | ReturnType<Poller['status']>['state'] {
    if (this.#standing !== 'leading') return this.#standing
    if (this.#fenced?.nextTryAt) return 'fenced'
    if (this.#undecided !== null) return 'failing'
    return this.#poller?.status().state ?? 'starting'
  }

  /** One sentence; null when ready. Standing by is ready: whoever polls may end at any time. */
  notReady(): string | null {
    const said = `foundation ${this.#foundation}`
    const status = this.#poller?.status()
    if (this.state === 'standby' || (this.state === 'running' && status?.lastPoll)) return null
    if (this.state === 'waiting') {
      const why = this.#lastError ?? this.#deps.away?.()?.message ?? 'the brokers have not answered'
      return `${said} waits to be elected: ${why}`
    }
    if (this.#undecided !== null) return `${said} fails: ${this.#undecided}`
    if (this.state === 'fenced') return `${said} fails: another process writes it, too`
    return `${said} ${status?.lastError ? `fails: ${status.lastError.message}` : 'was not polled yet'}`
  }

  /** What the election says of this foundation; null: nothing, just now. */
  elected(ours: boolean | null): void {
    const standing = ours === null ? 'waiting' : ours ? 'leading' : 'standby'
    if (standing === this.#standing) return
    this.#standing = standing
    if (ours !== null) this.#lastError = null
    const { logger, settled } = this.#deps
    if (standing !== 'leading') settled()
    if (standing === 'leading') logger.info('leading: this process polls the foundation')
    else if (standing === 'standby') logger.info('standby: another process polls the foundation')
    else logger.info('not polling: this process has no part in the election')
  }

  /** There is no part in the election just now. */
  failed(error: Error): void {
    const { logger, settled } = this.#deps
    const level = error.message === this.#lastError ? 'debug' : 'warn'
    logger[level]({ reason: error.message }, 'no part in the election of pollers; it is tried again')
    this.#lastError = error.message
    settled()
  }

  /** One term. Ends with an error when no time mends it. */
  async poll(term: AbortSignal): Promise<void> {
    this.#deps.metrics?.leading(true)
    try {
      while (!term.aborted) await this.#pollUntilFenced(term)
    } finally {
      this.#poller = null
      this.#deps.metrics?.leading(false)
    }
  }

  async #pollUntilFenced(term: AbortSignal): Promise<void> {
    const { clock, isAlone } = this.#deps
    let openedMs: number | null = null
    const poller = this.#deps.makePoller(() => {
      openedMs = clock.monotonic()
      this.#hasPolled = true
    })
    this.#poller = poller
    try {
      await poller.run(term).finally(() => {
        this.#hasRead ||= poller.status().lastPoll !== null
      })
    } catch (error) {
      this.#poller = null
      if (error instanceof FencedError)
        await this.#keepAway(error, openedMs === null ? 0 : clock.monotonic() - openedMs, term)
      else if (error instanceof KafkaStateError && !(isAlone && !this.#hasPolled))
        await this.#waitForOperator(error, term)
      else if (error instanceof NotEverythingVisibleError && this.#hasRead)
        await this.#waitForOperator(error, term)
      else throw error
    }
  }

  /** The other foundations of this process, and the other processes, go on meanwhile. */
  async #waitForOperator(error: Error, term: AbortSignal): Promise<void> {
    const { clock, logger, settled } = this.#deps
    const level = error.message === this.#lastError ? 'debug' : 'error'
    logger[level]({ reason: error.message }, 'this foundation is not polled until an operator has mended it')
    this.#lastError = error.message
    this.#undecided = error.message
    settled()
    await clock.sleep(operatorMs, term).catch(() => undefined)
    this.#undecided = null
  }

  async #keepAway(error: FencedError, heldMs: number, term: AbortSignal): Promise<void> {
    const { clock, logger, metrics } = this.#deps
    const { inRow, delayMs } = this.#war.fenced(heldMs)
    const nowMs = clock.now()
    const times = (this.#fenced?.times ?? 0) + 1
    const lastAt = new Date(nowMs).toISOString()
    this.#fenced = { times, lastAt, nextTryAt: new Date(nowMs + delayMs).toISOString() }
    metrics?.fenced()
    logger.warn(
      { reason: error.message, inRow, heldMs: Math.round(heldMs), delayMs },
      'another process writes the foundation that this one is to poll: keeping away for a while',
    )
    await clock.sleep(delayMs, term).catch(() => undefined)
    this.#fenced = { times, lastAt, nextTryAt: null }
  }
}
