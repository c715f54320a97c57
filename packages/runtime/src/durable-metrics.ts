import type { EventLog } from '@cf-audit-drain/log'
import type { Clock } from '@cf-audit-drain/pipeline'
import { Counter, Gauge, type Registry } from 'prom-client'
import { PatientReading } from './patient-reading.ts'

interface DurableOptions {
  readonly foundations: readonly string[]
  /** Those of them that this process polls now: the others are shown by the process that does. */
  readonly led: ReadonlySet<string>
  readonly sinks: readonly string[]
  readonly knownTypes: ReadonlySet<string>
  readonly durable: Pick<EventLog, 'tallies' | 'positions' | 'deadLetterCounts'>
  readonly patienceMs?: number | null
}

interface Reading {
  readonly tallies: Awaited<ReturnType<EventLog['tallies']>>
  readonly positions: Awaited<ReturnType<EventLog['positions']>>
  readonly letters: Awaited<ReturnType<EventLog['deadLetterCounts']>>
}

/** Rules look at these before the first event ever: their series exist from the first scrape on. */
const alwaysPresent = ['audit.app.ssh-authorized', 'audit.app.ssh-unauthorized'] as const
const modes = ['live', 'backfill', 'replay'] as const

/**
 * What is counted from the log at every scrape. A restart, a redeploy or a crash between commit and scrape changes
 * nothing: the numbers are those of the log.
 */
export class DurableMetrics {
  readonly #options: DurableOptions
  readonly #clock: Clock
  readonly #lastAlertable
  readonly #lastCreated
  readonly #newEvents
  readonly #unknownTypes
  readonly #deadLetters
  readonly #queueRecords
  readonly #queueOldest
  readonly #up
  readonly #log: PatientReading<void>
  #lastPositions: Reading['positions'] | null = null
  #isSeenWhole = true

  constructor(options: DurableOptions, clock: Clock, registry: Registry) {
    this.#options = options
    this.#clock = clock
    this.#log = new PatientReading(() => this.#read(), options.patienceMs ?? null, clock)
    const registers = [registry]
    const perType = { labelNames: ['foundation', 'type'] as const, registers }
    const perSink = { labelNames: ['sink'] as const, registers }
    this.#lastAlertable = new Gauge({
      name: 'cf_audit_last_alertable_event_timestamp_seconds',
      help: 'When the newest live event of the type came into the log; 0 when there was none. A backfill leaves it alone.',
      ...perType,
    })
    this.#lastCreated = new Gauge({
      name: 'cf_audit_last_event_created_timestamp_seconds',
      help: 'Creation time of the newest event of the type, by the clock of Cloud Controller. For display, not for rules.',
      ...perType,
    })
    this.#newEvents = new Counter({
      name: 'cf_audit_new_events_total',
      help: 'Events in the log since its beginning, pruned ones included, each guid once.',
      labelNames: ['foundation', 'type', 'mode'] as const,
      registers,
    })
    this.#unknownTypes = new Counter({
      name: 'cf_audit_unknown_type_events_total',
      help: 'Events of a type this version does not know; they are delivered all the same.',
      labelNames: ['foundation'] as const,
      registers,
    })
    this.#deadLetters = new Gauge({
      name: 'cf_audit_dead_letters',
      help: 'Things buried in the dead-letter table and waiting for an operator, by who buried them.',
      labelNames: ['foundation', 'origin'] as const,
      registers,
    })
    this.#queueRecords = new Gauge({
      name: 'cf_audit_queue_records',
      help: 'Records in the log that the sink has not had yet.',
      ...perSink,
    })
    this.#queueOldest = new Gauge({
      name: 'cf_audit_queue_oldest_seconds',
      help: 'How long the oldest record that the sink has not had is in the log; 0 when there is none.',
      ...perSink,
    })
    this.#up = new Gauge({
      name: 'cf_audit_log_up',
      help: 'Whether the log could be read for this scrape; when 0, what is counted from it, or the queue of a sink that is hidden from this login, is what was read last.',
      registers,
    })
  }

  /** Reads everything first and only then writes, so a scrape beside it never sees a half. */
  async refresh(): Promise<void> {
    const { problem } = await this.#log.latest()
    if (problem !== null && (this.#options.patienceMs ?? null) === null) throw problem
    this.#up.set(problem === null && this.#isSeenWhole ? 1 : 0)
    // What waits gets older while nobody can look.
    if (problem !== null && this.#lastPositions !== null) this.#measureQueues(this.#lastPositions)
  }

  async #read(): Promise<void> {
    const { durable } = this.#options
    const [tallies, positions, letters] = await Promise.all([
      durable.tallies(),
      durable.positions(),
      durable.deadLetterCounts(),
    ])
    const { sinks } = this.#options
    this.#isSeenWhole = positions.every(({ sink, hidden }) => hidden === undefined || !sinks.includes(sink))
    this.#lastPositions = positions.map(one =>
      one.hidden === undefined ? one : (this.#lastPositions?.find(({ sink }) => sink === one.sink) ?? one),
    )
    this.#countEvents(tallies)
    this.#measureQueues(this.#lastPositions)
    this.#countDeadLetters(letters)
  }

  #countEvents(tallies: Reading['tallies']): void {
    for (const metric of [this.#lastAlertable, this.#lastCreated, this.#newEvents, this.#unknownTypes])
      metric.reset()
    const { led, knownTypes } = this.#options
    const alertable = new Newest()
    const created = new Newest()
    for (const foundation of led) {
      this.#unknownTypes.inc({ foundation }, 0)
      for (const type of alwaysPresent) {
        alertable.see(foundation, type, 0)
        created.see(foundation, type, 0)
        for (const mode of modes) this.#newEvents.inc({ foundation, type, mode }, 0)
      }
    }
    for (const { foundation, type: raw, provenance: mode, ...tally } of tallies) {
      if (!led.has(foundation)) continue
      const type = knownTypes.has(raw) ? raw : 'other'
      if (type === 'other') this.#unknownTypes.inc({ foundation }, tally.count)
      this.#newEvents.inc({ foundation, type, mode }, tally.count)
      created.see(foundation, type, tally.lastCreatedAtSec)
      alertable.see(foundation, type, mode === 'live' ? tally.lastReceivedAtMs / 1000 : 0)
    }
    for (const [foundation, type, atSec] of alertable.all())
      this.#lastAlertable.set({ foundation, type }, atSec)
    for (const [foundation, type, atSec] of created.all()) this.#lastCreated.set({ foundation, type }, atSec)
  }

  #measureQueues(positions: Reading['positions']): void {
    for (const sink of this.#options.sinks) {
      const position = positions.find(each => each.sink === sink)
      const oldestMs = position?.oldestUndeliveredMs ?? null
      const ageMs = oldestMs === null ? 0 : Math.max(0, this.#clock.now() - oldestMs)
      this.#queueRecords.set({ sink }, position?.lag ?? 0)
      this.#queueOldest.set({ sink }, ageMs / 1000)
    }
  }

  #countDeadLetters(letters: Reading['letters']): void {
    this.#deadLetters.reset()
    const { foundations, led } = this.#options
    for (const foundation of led) {
      for (const origin of ['poller', ...this.#options.sinks])
        this.#deadLetters.set({ foundation, origin }, 0)
    }
    for (const { foundation, origin, count } of letters)
      if (led.has(foundation) || !foundations.includes(foundation))
        this.#deadLetters.set({ foundation, origin }, count)
  }
}

/** The greatest number seen per foundation and type. */
class Newest {
  readonly #byFoundation = new Map<string, Map<string, number>>()

  see(foundation: string, type: string, atSec: number): void {
    const types = this.#byFoundation.get(foundation) ?? new Map<string, number>()
    this.#byFoundation.set(foundation, types)
    types.set(type, Math.max(atSec, types.get(type) ?? 0))
  }

  *all(): Generator<readonly [foundation: string, type: string, atSec: number]> {
    for (const [foundation, types] of this.#byFoundation) {
      for (const [type, atSec] of types) yield [foundation, type, atSec]
    }
  }
}
