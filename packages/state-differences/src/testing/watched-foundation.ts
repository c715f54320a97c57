import type { TestContext } from 'node:test'
import { type StateLookups, stateLookups } from '@cf-audit-drain/cloud-foundry'
import {
  type AuditEvent,
  createScrubber,
  type OwnEvent,
  parseAuditEvent,
  type RawEvent,
  rawOwnEvent,
  type Scrubber,
  type StateKind,
  splitEventPage,
} from '@cf-audit-drain/event'
import {
  addWorld,
  addWorldStates,
  type EventGenerator,
  type Foundation,
  EventGenerator as Generator,
  type Resource,
  type SimulatedRow,
  type SimulatorOptions,
  type StateChange,
  setStates,
  startFoundation,
} from '@cf-audit-drain/foundation-simulator'
import type { NameRecord } from '@cf-audit-drain/log'
import { type Clock, drivenClock, seededRandom } from '@cf-audit-drain/pipeline'
import { KindWatch } from '../kind-watch.ts'
import type { Span } from '../observed.ts'
import type { ReadingResult } from '../observer.ts'
import type { StateSession } from '../session.ts'
import { StateDifferences } from '../state-differences.ts'

export const never = new AbortController().signal

/** A simulated foundation whose states are read, and what the log would hold of it. */
export class WatchedFoundation {
  /** Requests time out by it only when a test moves it. */
  readonly clock = drivenClock()
  /** For whoever waits between requests: it moves the time. */
  readonly impatient: Clock = {
    ...this.clock,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted()
      this.clock.advance(ms)
    },
  }
  /** In the log, each once. */
  readonly told = new Map<string, AuditEvent>()
  readonly kept = new Map<string, string>()
  /** Cloud Controller's audit events in the log. */
  readonly audited: AuditEvent[] = []
  readonly said: string[] = []
  isRead = true
  mayClose = true
  seesEverything = true
  killNextTell = false
  foundation!: Foundation
  generator!: EventGenerator
  lookups!: StateLookups
  scrubber: Scrubber = createScrubber({ key: Buffer.alloc(32, 7) })
  #watches = new Map<StateKind, KindWatch>()

  static async make(t: TestContext, simulator: SimulatorOptions = {}): Promise<WatchedFoundation> {
    const made = new WatchedFoundation()
    made.foundation = await startFoundation({ clock: made.clock, random: seededRandom(1), ...simulator })
    made.generator = new Generator(seededRandom(2), made.foundation.api)
    addWorld(made.foundation.collections, made.generator.world, made.foundation.api)
    addWorldStates(made.foundation.collections, made.generator.world, made.foundation.api)
    made.lookups = made.newLookups()
    t.after(async () => {
      await made.lookups.close()
      await made.foundation.close()
    })
    return made
  }

  newLookups(): StateLookups {
    const { api, clientId, clientSecret } = this.foundation
    const options = { name: 'test', api, clientId, clientSecret, requestTimeoutMs: 2_000 }
    return stateLookups(options, { clock: this.clock, random: seededRandom(3), env: {} })
  }

  /** As after a kill: what is known comes from what was kept. */
  restart(): void {
    this.#watches = new Map()
  }

  /** A reading, fifteen minutes after the one before. */
  async look(kind: StateKind): Promise<ReadingResult> {
    this.clock.advance(900_000)
    return this.watch(kind).look(this.session, never)
  }

  watch(kind: StateKind): KindWatch {
    const known = this.#watches.get(kind)
    if (known !== undefined) return known
    const { impatient: clock, lookups, scrubber } = this
    const watch = new KindWatch(kind, {
      clock,
      lookups,
      scrubber,
      random: seededRandom(4),
      turn: async () => undefined,
    })
    this.#watches.set(kind, watch)
    return watch
  }

  differences(kinds: readonly StateKind[], lookups = this.lookups): StateDifferences {
    const { impatient: clock, scrubber, said } = this
    const observer = {
      reading: (kind: StateKind, result: ReadingResult) => said.push(`${kind} ${result}`),
      refused: (kind: StateKind, error: Error) => said.push(`${kind} refused: ${error.message}`),
      failed: (kind: StateKind, error: Error, pauseMs: number) =>
        said.push(`${kind} failed ${pauseMs}: ${error.message}`),
    }
    return new StateDifferences(
      { everyMs: 900_000, kinds },
      { clock, random: seededRandom(5), lookups, scrubber, observer },
    )
  }

  change(change: StateChange): void {
    setStates(this.foundation.collections, change)
  }

  all(collection: string): readonly Resource[] {
    return this.foundation.collections.all(collection)
  }

  named(collection: string, name: string): Resource {
    const found = this.all(collection).find(resource => resource.name === name)
    if (found === undefined) throw new Error(`no ${collection} ${name}`)
    return found
  }

  /** An audit event that Cloud Controller wrote and the log holds. */
  audits(row: SimulatedRow): string {
    const [guid = ''] = this.foundation.insert([{ createdAtUs: this.clock.now() * 1000, ...row }])
    const page = `{"pagination":{"total_results":1},"resources":[${this.foundation.text(guid)}]}`
    for (const raw of splitEventPage(page).resources) this.audited.push(this.#parsed(raw))
    return guid
  }

  /** Of the events told, in their order. */
  get types(): readonly string[] {
    return [...this.told.values()].map(({ type }) => type.replace('cf-audit-drain.state.', ''))
  }

  data(at: number): Readonly<Record<string, unknown>> {
    return JSON.parse([...this.told.values()].at(at)?.data ?? '{}')
  }

  readonly session: StateSession = {
    tell: (events, kept) => this.#tell(events, kept),
    kept: start => [...this.kept].filter(([key]) => key.startsWith(start)),
    mayClose: async () => this.mayClose,
    seesEverything: () => this.seesEverything,
    nowSec: () => Math.floor(this.clock.now() / 1000),
    isRead: () => this.isRead,
    events: span => this.#eventsOf(span),
  }

  async #tell(events: readonly OwnEvent[], kept: readonly NameRecord[]): Promise<void> {
    if (this.killNextTell && events.length > 0) {
      this.killNextTell = false
      throw new Error('killed')
    }
    for (const event of events) {
      const parsed = this.#parsed(rawOwnEvent('test', event))
      if (!this.told.has(parsed.guid)) this.told.set(parsed.guid, parsed)
    }
    for (const { key, value } of kept)
      if (value === null) this.kept.delete(key)
      else this.kept.set(key, value)
  }

  async *#eventsOf({ fromSec, toSec }: Span): AsyncGenerator<AuditEvent> {
    for (const event of this.audited) {
      const sec = Date.parse(event.createdAt) / 1000
      if (sec >= fromSec && sec < toSec) yield event
    }
  }

  #parsed(raw: RawEvent): AuditEvent {
    const { scrubber } = this
    return parseAuditEvent(raw, { foundation: 'test', scrubber, provenance: 'live', receivedAtMs: 0 })
  }
}
