import type { Clock } from '@cf-audit-drain/pipeline'
import { type FoundationToMove, MigrationSource, type SinkCursor } from '../embedded/migration-source.ts'
import { movedError } from '../embedded/moved-mark.ts'
import { identityOf } from '../kafka/dead-letters.ts'
import { fitTopics, requireNoSinkBegan } from '../kafka/fit-for-migration.ts'
import { KafkaClient } from '../kafka/kafka-client.ts'
import { KafkaStateError } from '../kafka/kafka-error.ts'
import { type KafkaOptions, kafkaDefaults } from '../kafka/kafka-options.ts'
import {
  letterDigest,
  lettersThere,
  MigrationTarget,
  type Standing,
  type TargetDoor,
} from '../kafka/migration-target.ts'
import { Names } from '../kafka/names.ts'
import { sinkPositions } from '../kafka/positions.ts'
import type { SinkPosition } from '../ports.ts'
import { type Copy, compareCopy } from './compare-copy.ts'
import { replacedWindows } from './replaced-windows.ts'

export interface MigrationOptions {
  /** The data directory of the embedded log. */
  readonly dir: string
  readonly kafka: KafkaOptions
  /** Changes nothing, neither here nor there: says what is there and what would be done. */
  readonly dryRun: boolean
}

export interface MigrationDeps {
  readonly clock: Clock
  /** So many records of the foundation are in Kafka, of all there are. */
  readonly onProgress?: (foundation: string, records: number, of: number) => void
  readonly onStage?: (stage: 'begun' | 'copied' | 'compared' | 'marked' | 'finished') => void
}

export interface MovedFoundation {
  readonly foundation: string
  /** With their payload. */
  readonly events: number
  /** Without: pruned before, their guids are remembered. */
  readonly remembered: number
  /** Every event ever published, which is the number of the newest. */
  readonly total: number
  readonly deadLetters: number
  /** Records that Kafka had already when this run began. */
  readonly before: number
  /** Of all records, as Kafka holds them (EventDigest); null in a dry run, and where an earlier run had finished. */
  readonly digest: string | null
}

export interface MigrationReport {
  readonly foundations: readonly MovedFoundation[]
  /** As Kafka has them; in a dry run as the embedded log has them. */
  readonly sinks: readonly Pick<SinkPosition, 'sink' | 'lag'>[]
  /** Topics that were missing, and are made unless this was a dry run. */
  readonly made: readonly string[]
}

/**
 * Carries an embedded log into Kafka: every event in its order with its bytes, times and number, the guids that are
 * only remembered, the dead letters, the tallies, the ledger, the places of the sinks, and last the checkpoint. It may be killed at
 * any moment and run again: it goes on after what is there, and compares that first. Until the end a mark in Kafka keeps
 * pollers and sinks from beginning; from the moment everything is compared a mark in the file keeps `start` from going on.
 *
 * Throws what opening the embedded log throws, LogMovedError when this was done before, KafkaStateError when Kafka is
 * not as it should be, FencedError, KafkaUnavailableError, and the signal's reason.
 */
export async function migrateToKafka(
  { dir, kafka, dryRun }: MigrationOptions,
  deps: MigrationDeps,
  signal: AbortSignal,
): Promise<MigrationReport> {
  const source = dryRun ? MigrationSource.openForReading(dir) : MigrationSource.open(dir, deps.clock)
  const client = new KafkaClient(kafka, deps.clock)
  try {
    const settings = { ...kafkaDefaults, ...kafka }
    const door = { client, kafka, settings, names: new Names(settings.prefix), clock: deps.clock }
    const migration = new Migration(source, door, deps, signal)
    return await (dryRun ? migration.look() : migration.run())
  } finally {
    source.close()
    await client.close()
  }
}

class Migration {
  readonly #source: MigrationSource
  readonly #door: TargetDoor
  readonly #deps: MigrationDeps
  readonly #signal: AbortSignal
  readonly #foundations: readonly FoundationToMove[]
  readonly #sinks: readonly SinkCursor[]
  /** An earlier run came as far as the mark in the file: everything was compared, and some may be finished. */
  readonly #isMarked: boolean

  constructor(source: MigrationSource, door: TargetDoor, deps: MigrationDeps, signal: AbortSignal) {
    this.#source = source
    this.#door = door
    this.#deps = deps
    this.#signal = signal
    this.#isMarked = requireUnfinished(source, door.settings.prefix)
    this.#foundations = source.foundations()
    this.#sinks = source.sinks()
  }

  async run(): Promise<MigrationReport> {
    const made = await fitTopics(this.#foundations, this.#door, true)
    await this.#requireNoSinkBegan(this.#topics())
    const open = await this.#begin()
    this.#deps.onStage?.('begun')
    // A sink may have come between the first look and the marks in Kafka; since then none begins.
    await this.#requireNoSinkBegan(this.#topics())
    const before = new Map<string, number>()
    for (const one of open) before.set(one.foundation, await this.#copy(one))
    if (!this.#isMarked) await this.#copyLetters()
    this.#deps.onStage?.('copied')
    const copies: { readonly one: FoundationToMove; readonly copy: Copy }[] = []
    for (const one of open) copies.push({ one, copy: await this.#compareAll(one) })
    if (!this.#isMarked) await this.#compareLetters()
    this.#deps.onStage?.('compared')
    this.#signal.throwIfAborted()
    const { prefix, brokers } = this.#door.settings
    this.#source.markCopied({ prefix, brokers: brokers.join(','), copiedAtMs: this.#deps.clock.now() })
    this.#deps.onStage?.('marked')
    for (const { one, copy } of copies) await this.#finish(one, copy)
    this.#source.markFinished(this.#deps.clock.now())
    this.#deps.onStage?.('finished')
    const digests = new Map(copies.map(({ one, copy }) => [one.foundation, copy.digest]))
    return {
      made,
      sinks: await this.#positions(),
      foundations: this.#foundations.map(one => ({
        ...countsOf(one),
        before: before.get(one.foundation) ?? one.events + one.remembered,
        digest: digests.get(one.foundation) ?? null,
      })),
    }
  }

  async look(): Promise<MigrationReport> {
    const made = await fitTopics(this.#foundations, this.#door, false)
    const foundations: MovedFoundation[] = []
    for (const one of this.#foundations) {
      const { names } = this.#door
      const isThere = ![names.events(one.foundation), names.state(one.foundation)].some(topic =>
        made.includes(topic),
      )
      const target = new MigrationTarget(one.foundation, this.#door)
      const standing = isThere ? await target.standing() : 'empty'
      requireOurs(one, standing, this.#isMarked)
      const { records } = standing === 'begun' ? await this.#compare(one, target) : { records: 0 }
      foundations.push({ ...countsOf(one), before: records, digest: null })
    }
    await this.#requireNoSinkBegan(this.#topics().filter(topic => !made.includes(topic)))
    return { made, foundations, sinks: this.#source.positions() }
  }

  /** Marks in Kafka what is to come. Those that an interrupted run has finished are left out. */
  async #begin(): Promise<readonly FoundationToMove[]> {
    const unfinished: FoundationToMove[] = []
    for (const one of this.#foundations) {
      this.#signal.throwIfAborted()
      const standing = await new MigrationTarget(one.foundation, this.#door).standing()
      requireOurs(one, standing, this.#isMarked)
      if (standing !== 'polled' && one.checkpoint !== null) unfinished.push(one)
    }
    const open: FoundationToMove[] = []
    for (const one of unfinished)
      await this.#writing(one, async (target, standing) => {
        if (standing === 'empty') await target.begin(this.#deps.clock.now())
        // The end of an interrupted run may have been under way until it was fenced.
        if (standing !== 'polled') open.push(one)
      })
    return open
  }

  /** What is in Kafka already is compared, the rest is copied. Resolves to how many were there. */
  #copy(one: FoundationToMove): Promise<number> {
    return this.#writing(one, async (target, standing) => {
      requireBegun(one, standing)
      const { records, last } = await this.#compare(one, target)
      let copied = records
      for (const batch of this.#source.events(one, last ?? undefined)) {
        this.#signal.throwIfAborted()
        await target.append(batch)
        copied += batch.length
        this.#deps.onProgress?.(one.foundation, copied, one.events + one.remembered)
      }
      for (const names of this.#source.names(one.foundation)) await target.keep(names)
      return records
    })
  }

  async #compareAll(one: FoundationToMove): Promise<Copy> {
    const copy = await this.#compare(one, new MigrationTarget(one.foundation, this.#door))
    const wanted = one.events + one.remembered
    if (copy.records === wanted) return copy
    throw new KafkaStateError(
      `Kafka holds ${copy.records} of ${wanted} events of ${one.foundation} after they were copied: ` +
        'something removes them there (retention.ms, retention.bytes). Nothing was marked',
    )
  }

  #compare(one: FoundationToMove, target: MigrationTarget): Promise<Copy> {
    return compareCopy(one.foundation, this.#source.events(one), target, this.#sinks, this.#signal)
  }

  async #copyLetters(): Promise<void> {
    const there = await lettersThere(this.#door)
    for (const one of this.#foundations)
      if (one.deadLetters > 0)
        await this.#writing(one, async target => {
          for (const batch of this.#source.deadLetters(one.foundation)) {
            this.#signal.throwIfAborted()
            const missing = batch.filter(letter => !there.has(identityOf(letter)))
            if (missing.length > 0) await target.bury(missing)
          }
        })
  }

  async #compareLetters(): Promise<void> {
    const there = await lettersThere(this.#door)
    for (const { foundation } of this.#foundations)
      for (const batch of this.#source.deadLetters(foundation))
        for (const letter of batch)
          if (there.get(identityOf(letter)) !== letterDigest(letter))
            throw new KafkaStateError(
              `the dead letter ${letter.origin} ${letter.key} of ${foundation} is not in Kafka as it is in the log. Nothing was marked`,
            )
  }

  #finish(one: FoundationToMove, { places, lastOffset }: Copy): Promise<void> {
    const { foundation, total, checkpoint, tallies } = one
    return this.#writing(one, async (target, standing) => {
      requireBegun(one, standing)
      if ((await target.lastOffset()) !== lastOffset)
        throw new KafkaStateError(
          `somebody wrote events of ${foundation} to Kafka while they were being moved`,
        )
      await target.place(places)
      // Where every guid was forgotten nothing is there to go on counting from.
      const seq = lastOffset === null ? 0 : total
      const windows = await replacedWindows(this.#source.ledger(foundation), target.places())
      await target.finish({ seq, checkpoint: checkpoint ?? '', tallies, windows })
    })
  }

  /** With a producer that has fenced every other, and nobody's place but ours. */
  async #writing<T>(
    one: FoundationToMove,
    work: (target: MigrationTarget, standing: Standing) => Promise<T>,
  ): Promise<T> {
    const target = new MigrationTarget(one.foundation, this.#door)
    try {
      await target.fence()
      const standing = await target.standing()
      requireOurs(one, standing, this.#isMarked)
      return await work(target, standing)
    } finally {
      await target.close()
    }
  }

  /** An interrupted run may have placed the sinks already, and they may have gone on. */
  async #requireNoSinkBegan(topics: readonly string[]): Promise<void> {
    if (!this.#isMarked) await requireNoSinkBegan(topics, this.#door)
  }

  #positions(): Promise<readonly SinkPosition[]> {
    const { client, names, clock } = this.#door
    return sinkPositions(client, names, this.#topics(), clock)
  }

  #topics(): readonly string[] {
    return this.#foundations.map(({ foundation }) => this.#door.names.events(foundation))
  }
}

export function countsOf({ foundation, events, remembered, total, deadLetters }: FoundationToMove) {
  return { foundation, events, remembered, total, deadLetters }
}

/** True when an earlier run was interrupted after its mark. */
function requireUnfinished({ moved, path }: MigrationSource, prefix: string): boolean {
  if (moved === null) return false
  if (moved.finishedAtMs !== null || moved.prefix !== prefix) throw movedError(path, moved)
  return true
}

function requireOurs(
  { foundation, checkpoint }: FoundationToMove,
  standing: Standing,
  isMarked: boolean,
): void {
  if (standing === 'begun') return
  if (isMarked && standing === 'polled') return
  if (isMarked && checkpoint !== null)
    throw new KafkaStateError(
      `this log was copied to Kafka before, and this Kafka does not hold ${foundation}: name the brokers it was copied to`,
    )
  if (standing !== 'empty') throw notEmpty(foundation)
}

function requireBegun({ foundation }: FoundationToMove, standing: Standing): void {
  if (standing !== 'begun') throw notEmpty(foundation)
}

function notEmpty(foundation: string): KafkaStateError {
  return new KafkaStateError(
    `Kafka has events of ${foundation} already, which are not of this log: an embedded log can only be carried to where ` +
      'nothing is. Set another log.kafka.prefix, or delete the topics and the checkpoint group of this foundation if nobody needs them',
  )
}
