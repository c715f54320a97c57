import type { NameLookups } from '@cf-audit-drain/cloud-foundry'
import type { AuditEvent, EventNames, RawEvent } from '@cf-audit-drain/event'
import type { NameRecord } from '@cf-audit-drain/log'
import type { Clock } from '@cf-audit-drain/pipeline'
import { type BoundedWait, boundedWait } from './bounded-wait.ts'
import { factsOf } from './event-facts.ts'
import { type Mention, type Mentions, mentionsOf } from './event-mentions.ts'
import { mayBeUser, namesFor } from './event-names.ts'
import { type NameKind, parentKind } from './name-kind.ts'
import { NameStore } from './name-store.ts'
import { readAhead } from './read-ahead.ts'
import { Resolver } from './resolver.ts'

export interface NamingOptions {
  /** How long an event may wait for a name. */
  readonly waitMs: number
  /** Things remembered at once; default 200,000. */
  readonly thingsMax?: number
}

export interface NamingDeps {
  readonly clock: Clock
  /** Null: names are learned from events only. */
  readonly lookups: NameLookups | null
  /** Milliseconds for which no name may be looked up, so that polling is not starved by the rate limit. */
  readonly heldBackMs?: () => number
  /** By how much Cloud Controller's clock is ahead of ours. */
  readonly skewMs?: () => number | null
  /** A sentence for an operator: lookups of a kind fail, and rest so long. */
  readonly onFailure?: (kind: NameKind, error: Error, pauseMs: number) => void
  /** Ends everything under way. */
  readonly signal: AbortSignal
}

/** A name that was confirmed longer ago is looked up again before a live event is given it. */
const confirmedForSec = 3_600
/** In one publish of the log. */
const changesMax = 2_000
/** A process is found, then its app; an instance, its plan, the plan's offering, its broker. */
const roundsMax = 4

/** Names of one foundation, while one writer of it is open. */
export class Naming {
  readonly #options: NamingOptions
  readonly #deps: NamingDeps
  readonly #store: NameStore
  readonly #resolver: Resolver

  constructor(options: NamingOptions, deps: NamingDeps) {
    this.#options = options
    this.#deps = deps
    this.#store = new NameStore(options.thingsMax)
    this.#resolver = new Resolver(this.#store, { ...deps, nowSec: () => this.#nowSec() })
  }

  get size(): number {
    return this.#store.size
  }

  async restore(kept: AsyncIterable<NameRecord>): Promise<void> {
    for await (const record of kept) this.#store.restore(record)
  }

  async readAhead(
    ranges: readonly { readonly fromSec: number; readonly toSec: number }[],
    signal: AbortSignal,
    record: (rows: readonly RawEvent[]) => Promise<unknown>,
  ): Promise<void> {
    const { lookups, clock, heldBackMs = () => 0 } = this.#deps
    if (lookups === null) return
    const take = async (rows: readonly RawEvent[]) => {
      this.#learn(rows)
      await record(rows)
    }
    await readAhead(ranges, { lookups, clock, heldBackMs, take }, signal)
  }

  async prepare(rows: readonly RawEvent[]): Promise<void> {
    this.#learn(rows)
    const { clock, signal } = this.#deps
    const recentSec = this.#nowSec() - confirmedForSec
    let wait: BoundedWait | null = null
    // What is known already, nearly all of a page, is not held on to.
    let open: Iterable<Mentions> = mentionsOfAll(rows)
    for (let round = 0; round < roundsMax && !wait?.isOver; round++) {
      const answers: Promise<void>[] = []
      const asking: Mentions[] = []
      for (const mentions of open) if (this.#ask(mentions, recentSec, answers)) asking.push(mentions)
      if (asking.length === 0) break
      open = asking
      wait ??= boundedWait(this.#options.waitMs, clock, signal)
      await Promise.race([Promise.all(new Set(answers)), wait.over])
    }
    if (wait?.isOver) this.#resolver.gaveUp()
    await wait?.end()
  }

  namesOf(row: RawEvent, event: AuditEvent): EventNames {
    return namesFor(mentionsOf(row.value), event, this.#store, this.#resolver)
  }

  takeChanges(): readonly NameRecord[] {
    return this.#store.takeChanges(changesMax)
  }

  #learn(rows: readonly RawEvent[]): void {
    for (const { value } of rows) for (const fact of factsOf(value)) this.#store.learn(fact)
  }

  /** Asks for what is not known; whether anything is to be waited for. */
  #ask(mentions: Mentions, recentSec: number, answers: Promise<void>[]): boolean {
    const before = answers.length
    const { atSec, actor, organization, space, app, target, related, instance } = mentions
    if (actor !== null && mayBeUser(actor.guid)) this.#askName(actor, atSec, answers, recentSec)
    for (const mention of [organization, space, target, ...related])
      if (mention !== null) this.#askName(mention, atSec, answers, recentSec)
    if (app?.kind === 'process')
      this.#askParents(app, answers, atSec, parent => {
        if (mentions.isAppUnnamed) this.#askName(parent, atSec, answers, recentSec)
      })
    if (instance !== null)
      this.#askParents(instance, answers, atSec, parent => this.#askName(parent, atSec, answers, recentSec))
    return answers.length > before
  }

  /** `recentSec`: what happened after it is given a name only that was confirmed after it. */
  #askName({ kind, guid }: Mention, atSec: number, answers: Promise<void>[], recentSec: number): void {
    const answer = this.#store.nameAt(kind, guid, atSec)
    if (answer === 'renamed') return
    if (answer !== 'unknown') {
      if (atSec < recentSec || !this.#store.isStale(kind, guid, recentSec)) return
    }
    this.#resolver.ask(kind, guid, answers)
  }

  #askParents(
    { kind, guid }: Mention,
    answers: Promise<void>[],
    atSec: number,
    each: (parent: Mention) => void,
  ): void {
    let [ofKind, of]: [NameKind, string] = [kind, guid]
    for (;;) {
      const next = parentKind(ofKind)
      if (next === null) return
      const parent = this.#store.parentOf(ofKind, of, atSec)
      if (parent === undefined) this.#resolver.ask(ofKind, of, answers)
      if (parent == null) return
      each({ kind: next, guid: parent })
      ;[ofKind, of] = [next, parent]
    }
  }

  #nowSec(): number {
    return Math.floor((this.#deps.clock.now() + (this.#deps.skewMs?.() ?? 0)) / 1000)
  }
}

function* mentionsOfAll(rows: readonly RawEvent[]): Generator<Mentions> {
  for (const { value } of rows) {
    const mentions = mentionsOf(value)
    if (mentions !== null) yield mentions
  }
}
