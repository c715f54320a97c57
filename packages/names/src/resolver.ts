import type { NameLookups } from '@cf-audit-drain/cloud-foundry'
import type { Clock } from '@cf-audit-drain/pipeline'
import { collectionOf, factsOfLookup } from './lookup-facts.ts'
import { type LookupFailure, LookupQueue } from './lookup-queue.ts'
import type { NameKind } from './name-kind.ts'
import type { NameStore } from './name-store.ts'

export interface ResolverDeps {
  readonly clock: Clock
  readonly lookups: NameLookups | null
  readonly heldBackMs?: () => number
  readonly nowSec: () => number
  readonly onFailure?: (kind: NameKind, error: Error, pauseMs: number) => void
  readonly signal: AbortSignal
}

/** Looks things up for the store, a queue for each kind: users that cannot be asked for do not keep the spaces waiting. */
export class Resolver {
  readonly #store: NameStore
  readonly #deps: ResolverDeps
  readonly #queues = new Map<NameKind, LookupQueue>()

  constructor(store: NameStore, deps: ResolverDeps) {
    this.#store = store
    this.#deps = deps
  }

  /** Adds what is to be waited for to `answers`. */
  ask(kind: NameKind, guid: string, answers: Promise<void>[]): void {
    const answer = this.#queue(kind)?.ask(guid) ?? null
    if (answer !== null) answers.push(answer)
  }

  failureOf(kind: NameKind, guid: string): LookupFailure | 'not-asked' {
    return this.#queue(kind)?.failureOf(guid) ?? 'not-asked'
  }

  gaveUp(): void {
    for (const queue of this.#queues.values()) queue.gaveUp()
  }

  #queue(kind: NameKind): LookupQueue | null {
    const { lookups, clock, heldBackMs = () => 0, onFailure, signal } = this.#deps
    if (lookups === null) return null
    const known = this.#queues.get(kind)
    if (known !== undefined) return known
    const queue = new LookupQueue(
      {
        clock,
        heldBackMs,
        ask: (guids, asking) => this.#look(kind, guids, lookups, asking),
        onFailure: (error, pauseMs) => onFailure?.(kind, error, pauseMs),
      },
      signal,
    )
    this.#queues.set(kind, queue)
    return queue
  }

  async #look(
    kind: NameKind,
    guids: readonly string[],
    lookups: NameLookups,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const answer = await lookups.lookup(collectionOf[kind], guids, signal)
    const nowSec = this.#deps.nowSec()
    const answered = new Set<string>()
    for (const fact of factsOfLookup(kind, answer, nowSec)) {
      this.#store.learn(fact)
      if (fact.name !== null || fact.parent !== undefined) answered.add(fact.guid)
    }
    const shown = new Set(answer.resources.map(({ guid }) => guid))
    for (const guid of guids) if (!shown.has(guid)) this.#store.gone(kind, guid, nowSec)
    return answered
  }
}
