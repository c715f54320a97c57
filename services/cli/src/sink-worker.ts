import type { SinkConfig } from '@cf-audit-drain/config'
import { type EventLog, isPassing, KafkaStateError, type LogRecord } from '@cf-audit-drain/log'
import {
  asError,
  type Clock,
  type Random,
  type Rejected,
  run,
  type Sink,
  withDeadLetters,
  withDrain,
  withPatientSettling,
  withRetry,
} from '@cf-audit-drain/pipeline'
import { withKnownSchemas } from './known-schemas.ts'

/** What a sink worker tells about itself; the service makes log lines, metrics and /status of it. */
export interface SinkObserver {
  settled?(records: number): void
  failed?(failure: {
    readonly error: Error
    readonly attempt: number
    readonly delayMs: number
    readonly unknown: number
  }): void
  buried?(records: number): void
  /** Records that another worker may deliver, too. */
  givenUp?(records: number): void
  /** Whether records go to the receiver; after every change, and when nothing is known yet not at all. */
  up?(isUp: boolean): void
  /** The log can be read again. */
  resumed?(): void
}

export interface SinkStatus {
  readonly sink: string
  readonly url: string
  readonly state: 'starting' | 'delivering' | 'failing'
  readonly lastDelivery: { readonly at: string; readonly records: number } | null
  readonly lastError: { readonly at: string; readonly message: string; readonly attempt: number } | null
  /**
   * What may have arrived twice: records of writes whose fate was unknown and which were therefore sent again, and those
   * that were sent when their foundation went to another worker.
   */
  readonly sentAgain: number
}

export interface SinkDeps {
  readonly log: Pick<EventLog, 'source' | 'bury'>
  readonly clock: Clock
  readonly random: Random
  /** How long the write under way may take to end when the process stops. */
  readonly drainMs: number
}

/** A delivery is settled whole; what a crash can double is at most this. */
const batchMax = 10_000
const logRetryMs = 2_000
const buryRetryMaxMs = 30_000

/** Delivers one sink's records, from its own cursor, for ever. A sink that is down delays no other. */
export class SinkWorker {
  readonly config: SinkConfig
  readonly #deps: SinkDeps
  readonly #observer: SinkObserver
  readonly #sink: Sink<LogRecord>
  #state: SinkStatus['state'] = 'starting'
  #lastDelivery: SinkStatus['lastDelivery'] = null
  #lastError: SinkStatus['lastError'] = null
  #sentAgain = 0
  /** What keeps it from the records in the log. */
  #interruption: Error | null = null

  constructor(config: SinkConfig, sink: Sink<LogRecord>, deps: SinkDeps, observer: SinkObserver) {
    this.config = config
    this.#sink = sink
    this.#deps = deps
    this.#observer = observer
  }

  /** Until the signal is aborted. A log that has no room, or cannot be read just now, is waited for. */
  async run(signal: AbortSignal): Promise<void> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        return await this.#deliver(signal)
      } catch (error) {
        if (!isPassing(error)) throw error
        this.#failed({ reason: asError(error), attempt, delayMs: logRetryMs, unknown: 0 })
        await this.#deps.clock.sleep(logRetryMs, signal).catch(() => undefined)
      }
    }
  }

  async #deliver(signal: AbortSignal): Promise<void> {
    const { log, clock, random, drainMs } = this.#deps
    const retried = withRetry<LogRecord>(
      withKnownSchemas(withDrain(this.#sink, drainMs, clock)),
      { firstDelayMs: 250, maxDelayMs: 60_000, onFailure: failure => this.#failed(failure) },
      { clock, random },
    )
    const sink = withDeadLetters(retried, rejected => this.#bury(rejected, signal))
    const source = withPatientSettling(
      log.source(this.config.name, {
        batchMax,
        observer: {
          interrupted: error => this.#interrupted(error),
          deliveredTwice: records => this.#givenUp(records),
        },
      }),
      {
        delayMs: logRetryMs,
        isPassing,
        onFailure: (reason, attempt) => this.#failed({ reason, attempt, delayMs: logRetryMs, unknown: 0 }),
      },
      clock,
    )
    await run(
      source,
      sink,
      {
        clock,
        reconnectMs: 1_000,
        isFatal: reason => reason instanceof KafkaStateError,
        onSettled: records => this.#settled(records),
        onConnectFailure: (_end, reason, attempt) =>
          this.#failed({ reason, attempt, delayMs: 1_000, unknown: 0 }),
      },
      signal,
    )
  }

  status(): SinkStatus {
    return {
      sink: this.config.name,
      url: this.config.url,
      state: this.#interruption === null ? this.#state : 'failing',
      lastDelivery: this.#lastDelivery,
      lastError: this.#lastError,
      sentAgain: this.#sentAgain,
    }
  }

  /** Tried until it is done: the receiver has what came with them, and would get all of it again. */
  async #bury(rejected: readonly Rejected<LogRecord>[], signal: AbortSignal): Promise<void> {
    const { log, clock } = this.#deps
    const letters = rejected.map(({ record, reason }) => ({
      foundation: record.foundation,
      origin: this.config.name,
      key: record.guid,
      reason: reason.message,
      raw: record.bytes,
      atMs: clock.now(),
    }))
    for (let attempt = 1; ; attempt++)
      try {
        await log.bury(letters)
        return this.#observer.buried?.(letters.length)
      } catch (error) {
        if (!isPassing(error) && !(error instanceof KafkaStateError)) throw error
        // Each attempt on Kafka is a new client, with lines of its own.
        const delayMs = Math.min(buryRetryMaxMs, logRetryMs * 2 ** (attempt - 1))
        this.#failed({ reason: asError(error), attempt, delayMs, unknown: 0 })
        await clock.sleep(delayMs, signal)
      }
  }

  #settled(records: number): void {
    this.#state = 'delivering'
    this.#lastDelivery = { at: this.#now(), records }
    this.#observer.settled?.(records)
    this.#showUp()
  }

  #interrupted(error: Error | null): void {
    this.#interruption = error
    if (error !== null) this.#lastError = { at: this.#now(), message: error.message, attempt: 1 }
    else this.#observer.resumed?.()
    this.#showUp()
  }

  #givenUp(records: number): void {
    this.#sentAgain += records
    this.#observer.givenUp?.(records)
  }

  #showUp(): void {
    this.#observer.up?.(this.#state === 'delivering' && this.#interruption === null)
  }

  #failed(failure: { reason: Error; attempt: number; delayMs: number; unknown: number }): void {
    const { reason: error, attempt, delayMs, unknown } = failure
    this.#state = 'failing'
    this.#sentAgain += unknown
    this.#lastError = { at: this.#now(), message: error.message, attempt }
    this.#observer.failed?.({ error, attempt, delayMs, unknown })
    this.#showUp()
  }

  #now(): string {
    return new Date(this.#deps.clock.now()).toISOString()
  }
}
