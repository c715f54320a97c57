import type { SinkConfig } from '@cf-audit-drain/config'
import { UndecodableEventError } from '@cf-audit-drain/event'
import {
  type EventLog,
  isPassing,
  KafkaStateError,
  type LogRecord,
  type LostSpan,
  type ReadingTrouble,
} from '@cf-audit-drain/log'
import {
  afterStop,
  asError,
  type Batch,
  type Clock,
  orAborted,
  type Random,
  type Rejected,
  run,
  type Sink,
  type Source,
  unlessStopped,
  withDeadLetters,
  withDrain,
  withPatientSettling,
  withRetry,
} from '@cf-audit-drain/pipeline'
import { withKnownSchemas } from './known-schemas.ts'
import { LossTally, type SinkLoss } from './loss-tally.ts'

/** What a sink worker tells about itself; the service makes log lines, metrics and /status of it. */
export interface SinkObserver {
  settled?(records: number): void
  failed?(failure: {
    readonly error: Error
    readonly attempt: number
    readonly delayMs: number
    readonly unknown: number
  }): void
  /** `first`: of those that were buried together. */
  buried?(records: number, first: BuriedRecord): void
  /** Records that another worker may deliver, too. */
  givenUp?(records: number): void
  /** It ends with so many sent and not settled, and why; among those of `givenUp`. */
  interrupted?(records: number, reason: Error): void
  /** Whether records go to the receiver; after every change, and when nothing is known yet not at all. */
  up?(isUp: boolean): void
  /** How many things keep events from it, after every change. */
  unread?(reasons: number): void
  /** The log can be read again. */
  resumed?(): void
  /** Whose records it may get from now on, where the foundations are shared out. */
  reads?(foundations: readonly string[]): void
  /** So many records were removed from the log before it had them, at most; none is told of twice. */
  lost?(foundation: string, records: number, atMs: number): void
}

/** Where a record lies that the sink cannot take, and why it cannot. */
export interface BuriedRecord {
  readonly foundation: string
  readonly offset: number
  readonly reason: string
}

export interface SinkStatus {
  readonly sink: string
  readonly url: string
  readonly state: 'starting' | 'delivering' | 'failing'
  /** Those this worker delivers now; null where they are not shared out. */
  readonly foundations: readonly string[] | null
  readonly lastDelivery: { readonly at: string; readonly records: number } | null
  readonly lastError: { readonly at: string; readonly message: string; readonly attempt: number } | null
  /** What keeps it from events now. `foundation`: whose; those of the others are delivered. Null: everybody's. */
  readonly unread: readonly {
    readonly foundation: string | null
    readonly since: string
    readonly message: string
  }[]
  /**
   * What may have arrived twice: records of writes whose fate was unknown and which were therefore sent again, and those
   * that were sent when their foundation went to another worker.
   */
  readonly sentAgain: number
  /** By foundation, what was removed from the log before it had it, as far as this process has found it. */
  readonly lost: readonly SinkLoss[]
}

export interface SinkDeps {
  readonly log: Pick<EventLog, 'source' | 'bury'>
  readonly clock: Clock
  readonly random: Random
  /** How long the write under way may take to end when the process stops. */
  readonly drainMs: number
  /** How long after the stop all of it may take to be settled; then what is not is counted, while there is time for that. */
  readonly settleMs: number
}

/** A delivery is settled whole; what a crash can double is at most this. */
const batchMax = 10_000
const logRetryMs = 2_000
const buryRetryMaxMs = 30_000
/** Once the process stops; a letter that is given up is buried when its record is had again. */
const buryWhenStoppedMs = 3_000

interface Failure {
  readonly reason: Error
  readonly attempt: number
  readonly delayMs: number
  readonly unknown: number
}

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
  #foundations: SinkStatus['foundations'] = null
  readonly #losses = new LossTally()
  /** Why the log cannot be connected. */
  #unconnected: readonly ReadingTrouble[] = []
  /** What the log says keeps it from events. */
  #interrupted: readonly ReadingTrouble[] = []
  #unread: SinkStatus['unread'] = []

  constructor(config: SinkConfig, sink: Sink<LogRecord>, deps: SinkDeps, observer: SinkObserver) {
    this.config = config
    this.#sink = sink
    this.#deps = deps
    this.#observer = observer
  }

  /** Until the signal is aborted. A log that has no room, or cannot be read just now, is waited for. */
  async run(signal: AbortSignal): Promise<void> {
    let attempt = 0
    while (!signal.aborted) {
      try {
        return await this.#untilSettled(signal, settleBy =>
          this.#deliver(signal, settleBy, () => {
            attempt = 0
          }),
        )
      } catch (error) {
        if (!isPassing(error)) throw error
        const reason = asError(error)
        this.#failed({ reason, attempt: ++attempt, delayMs: logRetryMs, unknown: 0 })
        this.#unconnected = [{ foundation: null, error: reason }]
        this.#interrupted = []
        this.#showUnread()
        await this.#deps.clock.sleep(logRetryMs, signal).catch(() => undefined)
      }
    }
  }

  async #untilSettled(signal: AbortSignal, work: (settleBy: AbortSignal) => Promise<void>): Promise<void> {
    const over = new AbortController()
    try {
      await work(afterStop(signal, this.#deps.settleMs, this.#deps.clock, over.signal))
    } finally {
      over.abort()
    }
  }

  async #deliver(signal: AbortSignal, settleBy: AbortSignal, onSettled: () => void): Promise<void> {
    const { log, clock, random, drainMs } = this.#deps
    const retried = withRetry<LogRecord>(
      withKnownSchemas(withDrain(this.#sink, drainMs, clock)),
      { firstDelayMs: 250, maxDelayMs: 60_000, onFailure: failure => this.#failed(failure) },
      { clock, random },
    )
    const sink = withDeadLetters(retried, rejected => this.#bury(rejected, signal, settleBy))
    const source = withPatientSettling(
      log.source(this.config.name, {
        batchMax,
        settleBy,
        observer: {
          interrupted: troubles => {
            this.#interrupted = troubles
            this.#showUnread()
          },
          deliveredTwice: records => this.#givenUp(records),
          reads: foundations => {
            this.#foundations = foundations.toSorted()
            this.#observer.reads?.(foundations)
          },
          lost: span => this.#lost(span),
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
      this.#whileConnected(source),
      sink,
      {
        clock,
        reconnectMs: 1_000,
        isFatal: reason => reason instanceof KafkaStateError,
        onSettled: records => {
          onSettled()
          this.#settled(records)
        },
        onInterrupted: (sent, reason) => {
          this.#givenUp(sent)
          this.#observer.interrupted?.(sent, reason)
        },
        onConnectFailure: (end, reason, attempt) => {
          const failure = { reason, attempt, delayMs: 1_000, unknown: 0 }
          if (end === 'sink') return this.#failed(failure)
          this.#tell(failure)
          this.#unconnected = [{ foundation: null, error: reason }]
          this.#showUnread()
        },
      },
      signal,
    )
  }

  #whileConnected(source: Source<LogRecord>): Source<LogRecord> {
    return {
      connect: async signal => {
        await source.connect(signal)
        if (this.#unconnected.length === 0) return
        this.#unconnected = []
        this.#showUnread()
      },
      read: signal => source.read(signal),
      close: () => source.close(),
    }
  }

  status(): SinkStatus {
    return {
      sink: this.config.name,
      url: this.config.url,
      state: this.#unread.length === 0 ? this.#state : 'failing',
      foundations: this.#foundations,
      lastDelivery: this.#lastDelivery,
      lastError: this.#lastError,
      unread: this.#unread,
      sentAgain: this.#sentAgain,
      lost: this.#losses.all,
    }
  }

  /** Tried until it is done, or the process stops: the receiver has what came with them, and would get all of it again. */
  async #bury(
    rejected: Batch<Rejected<LogRecord>>,
    signal: AbortSignal,
    settleBy: AbortSignal,
  ): Promise<void> {
    const { log, clock } = this.#deps
    const [{ record, reason }] = rejected
    const first = { foundation: record.foundation, offset: record.offset, reason: reason.message }
    const letters = rejected.map(({ record, reason }) => ({
      foundation: record.foundation,
      origin: this.config.name,
      key: letterKey(record, reason),
      reason: reason.message,
      raw: record.bytes,
      atMs: clock.now(),
    }))
    for (let attempt = 1; ; attempt++)
      try {
        const burying = log.bury(letters)
        await orAborted(unlessStopped(signal, buryWhenStoppedMs, clock, burying), settleBy)
        return this.#observer.buried?.(letters.length, first)
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

  #showUnread(): void {
    const before = this.#unread
    this.#unread = [...this.#unconnected, ...this.#interrupted].map(({ foundation, error: { message } }) => {
      const known = before.find(one => one.foundation === foundation && one.message === message)
      return known ?? { foundation, since: this.#now(), message }
    })
    const begun = this.#unread.find(one => !before.includes(one))
    if (begun !== undefined) this.#lastError = { at: begun.since, message: begun.message, attempt: 1 }
    this.#observer.unread?.(this.#unread.length)
    if (this.#unread.length === 0) this.#observer.resumed?.()
    this.#showUp()
  }

  #givenUp(records: number): void {
    this.#sentAgain += records
    this.#observer.givenUp?.(records)
  }

  #lost(span: LostSpan): void {
    const atMs = this.#deps.clock.now()
    const records = this.#losses.add(span, atMs)
    if (records > 0) this.#observer.lost?.(span.foundation, records, atMs)
  }

  #showUp(): void {
    this.#observer.up?.(this.#state === 'delivering' && this.#unread.length === 0)
  }

  #failed(failure: Failure): void {
    this.#state = 'failing'
    this.#tell(failure)
  }

  #tell({ reason: error, attempt, delayMs, unknown }: Failure): void {
    this.#sentAgain += unknown
    this.#lastError = { at: this.#now(), message: error.message, attempt }
    this.#observer.failed?.({ error, attempt, delayMs, unknown })
    this.#showUp()
  }

  #now(): string {
    return new Date(this.#deps.clock.now()).toISOString()
  }
}

/** What is no event may lie there twice, with one key or none: what tells it apart is its place. */
function letterKey({ guid, offset }: LogRecord, reason: Error): string {
  return reason instanceof UndecodableEventError ? `${guid} at ${offset}` : guid
}
