import { canBeLookedUp, lookupGuidsMax, type StateCollection } from '@cf-audit-drain/cloud-foundry'
import type { StateKind } from '@cf-audit-drain/event'
import type { NameRecord } from '@cf-audit-drain/log'
import type { Clock } from '@cf-audit-drain/pipeline'
import { type Comparison, compare } from './compare.ts'
import { differenceEvent } from './difference-event.ts'
import { type Explained, explain, spanOf } from './explain.ts'
import type { Finding } from './finding.ts'
import {
  forgotten,
  keptObjects,
  keyPrefix,
  type LastReading,
  lastReading,
  objectRecord,
  readingRecord,
  sealOf,
} from './kept-state.ts'
import type { KeptObject, Observed, Span } from './observed.ts'
import type { ReadingResult, StateObserver } from './observer.ts'
import { type ReadDeps, readKind } from './read-kind.ts'
import type { StateSession } from './session.ts'
import { isAudited, isSwitch } from './state-kind.ts'

export interface WatchDeps extends ReadDeps {
  readonly clock: Clock
  readonly observer?: StateObserver
}

/** What one reading found, with what is to be kept of it. */
interface Change {
  readonly finding: Finding | null
  readonly kept: NameRecord
}

/** In one transaction. */
const toldMax = 500
/** An answer out of the past is believed when it was given so often in a row: a database may have been restored. */
const staleMax = 2
/** After so long it is told without what might explain it. */
const explainedWithinMs = 3_600_000
const lookAgainMs = 5_000
/** Events of a longer time are not looked through: the kind was not read for weeks. */
const explainedMaxSec = 7 * 86_400

const notAudited: Explained = { explanation: 'not-audited', by: [] }
const unknown: Explained = { explanation: 'unknown', by: [] }

/** Reads one kind again and again, and tells what is not as it was. What it knows is what the log keeps. */
export class KindWatch {
  readonly kind: StateKind
  readonly #deps: WatchDeps
  readonly #seal: string
  #staleInRow = 0
  #objects = 0

  constructor(kind: StateKind, deps: WatchDeps) {
    this.kind = kind
    this.#deps = deps
    this.#seal = sealOf(deps.scrubber)
  }

  /** Known after the last reading. */
  get objects(): number {
    return this.#objects
  }

  /**
   * One reading. Rejects with what was wrong with Cloud Controller's answers, and with what `tell` and `mayClose` reject
   * with; the next reading then finds the same.
   */
  async look(session: StateSession, signal: AbortSignal): Promise<ReadingResult> {
    const fromSec = session.nowSec()
    const observed = await readKind(this.kind, this.#deps, signal)
    const reading = { fromSec, toSec: session.nowSec(), seal: this.#seal }
    const before = lastReading(this.kind, session.kept(keyPrefix))
    const kept = keptObjects(this.kind, session.kept(keyPrefix))
    if (before?.seal !== this.#seal) return this.#begin(kept, observed, reading, session, signal)
    const compared = compare(kept, observed)
    if (compared.isStale && this.#staleInRow++ < staleMax) return 'stale'
    this.#staleInRow = 0
    const changes = [
      ...this.#changed(compared, before, reading),
      ...(await this.#absent(compared, before, reading, signal)),
    ]
    const explained = await this.#explain(changes, session, signal)
    // After what is missing was missing, and right before it is told: a narrower token shows less.
    if (!(await session.mayClose(signal))) return 'dropped'
    await this.#tell(changes, explained, reading, session)
    this.#objects = observed.size
    return 'read'
  }

  /**
   * There is nothing to compare with, or fingerprints are made by another key. Read twice: what one listing skipped, because
   * something before it went away, would be made later.
   */
  async #begin(
    kept: ReadonlyMap<string, KeptObject>,
    observed: ReadonlyMap<string, Observed>,
    reading: LastReading,
    session: StateSession,
    signal: AbortSignal,
  ): Promise<ReadingResult> {
    const again = isSwitch(this.kind) ? [] : await readKind(this.kind, this.#deps, signal)
    const all = new Map([...observed, ...again])
    if (!(await session.mayClose(signal))) return 'dropped'
    const changes = [
      ...[...kept.keys()].filter(key => !all.has(key)).map(key => forgotten(this.kind, key)),
      ...[...all.values()].map(one => objectRecord(this.kind, { ...one, gone: null })),
    ].map(record => ({ finding: null, kept: record }))
    await this.#tell(changes, new Map(), reading, session)
    this.#objects = all.size
    return 'baseline'
  }

  #changed({ created, updated, touched }: Comparison, before: Span, reading: Span): readonly Change[] {
    const between = { fromSec: before.fromSec, toSec: reading.toSec }
    const keep = (one: Observed) => objectRecord(this.kind, { ...one, gone: null })
    const found = (old: Observed | null, after: Observed): Finding => ({
      kind: this.kind,
      before: old,
      after,
      between,
    })
    return [
      ...created.map(one => ({ finding: isSwitch(this.kind) ? null : found(null, one), kept: keep(one) })),
      ...updated.map(({ before: old, after }) => ({ finding: found(old, after), kept: keep(after) })),
      ...touched.map(one => ({ finding: null, kept: keep(one) })),
    ]
  }

  /** Missing in this reading, and not there when asked for by guid: deleted when the reading before found the same. */
  async #absent(
    { absent }: Comparison,
    before: Span,
    reading: Span,
    signal: AbortSignal,
  ): Promise<readonly Change[]> {
    const gone = await this.#notShown(absent, signal)
    return gone.map(one => {
      if (one.gone === null) {
        const since = { fromSec: before.fromSec, toSec: reading.toSec }
        return { finding: null, kept: objectRecord(this.kind, { ...one, gone: since }) }
      }
      const finding = { kind: this.kind, before: one, after: null, between: one.gone }
      return { finding: isSwitch(this.kind) ? null : finding, kept: forgotten(this.kind, one.key) }
    })
  }

  /** Asked for many at once, which shows the same as asking for each: an organization that goes takes all its roles along. */
  async #notShown(absent: readonly KeptObject[], signal: AbortSignal): Promise<readonly KeptObject[]> {
    const gone: KeptObject[] = []
    for (const [collection, objects] of Map.groupBy(absent, one => one.collection)) {
      if (collection === null) continue
      const askable = objects.filter(({ key }) => canBeLookedUp(key))
      for (let at = 0; at < askable.length; at += lookupGuidsMax) {
        const batch = askable.slice(at, at + lookupGuidsMax)
        const shown = await this.#shown(collection, batch, signal)
        gone.push(...batch.filter(({ key }) => !shown.has(key)))
      }
    }
    return gone
  }

  async #shown(collection: StateCollection, objects: readonly KeptObject[], signal: AbortSignal) {
    const { lookups, turn } = this.#deps
    await turn(signal)
    const guids = objects.map(({ key }) => key)
    return new Set(await lookups.shown(collection, guids, signal))
  }

  /** Once the events of that time have been read, for most of them come before, and some after. */
  async #explain(
    changes: readonly Change[],
    session: StateSession,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Finding, Explained>> {
    const findings = changes.flatMap(({ finding }) => finding ?? [])
    if (findings.length === 0) return new Map()
    if (!isAudited(this.kind)) return new Map(findings.map(finding => [finding, notAudited]))
    const { clock } = this.#deps
    const span = spanOf(findings)
    const isTooLong = span.toSec - span.fromSec > explainedMaxSec
    const giveUpMs = isTooLong ? Number.NEGATIVE_INFINITY : clock.monotonic() + explainedWithinMs
    while (isTooLong || !session.isRead(span)) {
      if (clock.monotonic() >= giveUpMs) return new Map(findings.map(finding => [finding, unknown]))
      await clock.sleep(lookAgainMs, signal)
    }
    return explain(findings, session.events(span))
  }

  /** Each event with what is kept of its object in one transaction; that the reading is over comes last. */
  async #tell(
    changes: readonly Change[],
    explained: ReadonlyMap<Finding, Explained>,
    reading: LastReading,
    session: StateSession,
  ): Promise<void> {
    for (let at = 0; at < changes.length; at += toldMax) {
      const part = changes.slice(at, at + toldMax)
      const events = part.flatMap(({ finding }) =>
        finding === null ? [] : differenceEvent(finding, explained.get(finding) ?? unknown, reading.toSec),
      )
      await session.tell(
        events,
        part.map(({ kept }) => kept),
      )
      if (events.length > 0)
        this.#deps.observer?.differences?.(
          this.kind,
          events.map(({ type }) => type),
        )
    }
    await session.tell([], [readingRecord(this.kind, reading)])
  }
}
