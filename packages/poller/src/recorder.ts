import {
  encodeAuditEvent,
  parseAuditEvent,
  type RawEvent,
  rawCreatedAtSec,
  type Scrubber,
} from '@cf-audit-drain/event'
import type { DeadLetter, FoundationWriter, LogEntry } from '@cf-audit-drain/log'
import type { Clock } from '@cf-audit-drain/pipeline'
import { type Checkpoint, encodeCheckpoint } from './checkpoint.ts'
import type { EventNaming } from './event-naming.ts'
import { rowKey } from './row-key.ts'
import { SeenGuids } from './seen-guids.ts'

/** The log refused, or did not answer: what became of the publish is unknown. Open it again and read the checkpoint. */
export class LogUnavailableError extends Error {
  override readonly name = 'LogUnavailableError'
}

export interface RecorderDeps {
  readonly foundation: string
  readonly writer: FoundationWriter
  readonly scrubber: Scrubber
  readonly clock: Clock
  /** Left out: events go without names. */
  readonly naming?: EventNaming
  /** The entries are in the log now. */
  readonly onPublished?: (entries: readonly LogEntry[], atMs: number) => void
  /** So many rows could not be read, and are in the log as dead letters. */
  readonly onBuried?: (count: number) => void
}

/**
 * Turns rows into log entries and publishes them with the checkpoint. The only place where the poller writes; one
 * publish at a time, whoever asks. What it has published, or knows from the log, is in `seen`.
 */
export class Recorder {
  readonly seen = new SeenGuids()
  readonly #deps: RecorderDeps
  readonly #buried = new Set<string>()
  readonly #prepared = new WeakSet<readonly RawEvent[]>()
  #checkpoint: Checkpoint
  #seenSinceSec: number
  #last: Promise<unknown> = Promise.resolve()

  constructor(deps: RecorderDeps, checkpoint: Checkpoint, seenSinceSec: number) {
    this.#deps = deps
    this.#checkpoint = checkpoint
    this.#seenSinceSec = seenSinceSec
  }

  get checkpoint(): Checkpoint {
    return this.#checkpoint
  }

  async rebuildSeen(): Promise<void> {
    for await (const { guid, createdAtSec } of this.#deps.writer.guids(this.#seenSinceSec))
      this.seen.add(guid, createdAtSec)
  }

  /** Guids stamped before `sec` need not be known any more. */
  forgetBefore(sec: number): void {
    if (sec <= this.#seenSinceSec) return
    this.#seenSinceSec = sec
    this.seen.forgetBefore(sec)
  }

  /**
   * Publishes the rows the log does not hold yet, together with what `change` makes of the checkpoint. When neither
   * says anything new, nothing is written. Returns how many the log took.
   * @throws LogUnavailableError
   */
  record(rows: readonly RawEvent[], change: (now: Checkpoint) => Checkpoint = now => now): Promise<number> {
    // At once, so that names are looked up while what came before is published.
    const named = this.prepare(rows)
    const done = this.#last.then(() => named).then(() => this.#record(rows, change))
    this.#last = done.catch(() => undefined)
    return done
  }

  /** Has the names of rows looked up that are to be recorded; resolves when they may be. Never rejects. */
  async prepare(rows: readonly RawEvent[]): Promise<void> {
    const { naming } = this.#deps
    if (naming === undefined || this.#prepared.has(rows)) return
    this.#prepared.add(rows)
    await naming.prepare(rows.filter(row => !this.#isSeen(row)))
  }

  async #record(rows: readonly RawEvent[], change: (now: Checkpoint) => Checkpoint): Promise<number> {
    const entries: LogEntry[] = []
    const letters: { letter: DeadLetter; createdAtSec: number | null }[] = []
    const batch = new Set<string>()
    for (const row of rows) {
      const key = rowKey(row)
      const createdAtSec = rawCreatedAtSec(row)
      if (this.#isSeen(row) || this.#buried.has(key) || batch.has(key)) continue
      batch.add(key)
      const parsed = this.#parse(row, key)
      if ('bytes' in parsed) entries.push(parsed)
      else letters.push({ letter: parsed, createdAtSec })
    }
    const changed = change(this.#checkpoint)
    if (entries.length === 0 && letters.length === 0 && changed === this.#checkpoint) return 0
    const next = { ...changed, writtenMs: this.#deps.clock.now() }
    const { published } = await this.#deps.writer
      .publish(
        entries,
        encodeCheckpoint(next),
        letters.map(({ letter }) => letter),
        this.#deps.naming?.takeChanges() ?? [],
      )
      .catch((error: unknown) => {
        throw new LogUnavailableError(
          `the log did not take the events: ${String((error as Error)?.message)}`,
          {
            cause: error,
          },
        )
      })
    this.#checkpoint = next
    // Which of them the log had already is not known: then none is called new.
    this.#deps.onPublished?.(published === entries.length ? entries : [], next.writtenMs)
    for (const entry of entries)
      if (entry.createdAtSec >= this.#seenSinceSec) this.seen.add(entry.guid, entry.createdAtSec)
    for (const { letter, createdAtSec } of letters) {
      this.#buried.add(letter.key)
      // It is held, if only as a dead letter: Cloud Controller's counts include it.
      if (createdAtSec !== null && createdAtSec >= this.#seenSinceSec) this.seen.add(letter.key, createdAtSec)
    }
    if (letters.length > 0) this.#deps.onBuried?.(letters.length)
    return published
  }

  #isSeen(row: RawEvent): boolean {
    const createdAtSec = rawCreatedAtSec(row)
    return createdAtSec !== null && this.seen.has(rowKey(row), createdAtSec)
  }

  #parse(row: RawEvent, key: string): LogEntry | DeadLetter {
    const { foundation, scrubber, clock, naming } = this.#deps
    const receivedAtMs = clock.now()
    const createdAtSec = rawCreatedAtSec(row)
    const provenance = (createdAtSec ?? 0) >= this.#checkpoint.baselineSec ? 'live' : 'backfill'
    try {
      const parsed = parseAuditEvent(row, { foundation, scrubber, provenance, receivedAtMs })
      const event = naming ? { ...parsed, names: naming.namesOf(row, parsed) } : parsed
      return {
        guid: event.guid,
        type: event.type,
        createdAtSec: createdAtSec as number,
        receivedAtMs,
        provenance,
        bytes: encodeAuditEvent(event),
      }
    } catch (error) {
      return {
        foundation,
        origin: 'poller',
        key,
        reason: String((error as Error).message),
        raw: Buffer.from(scrubbedText(row, scrubber)),
        atMs: receivedAtMs,
      }
    }
  }
}

/** The whole row as it came, but for the secrets in its data. */
function scrubbedText(row: RawEvent, scrubber: Scrubber): string {
  const at = row.text.indexOf(row.dataText)
  if (at < 0) return row.text
  const { text } = scrubber.scrub('', row.dataText)
  return row.text.slice(0, at) + text + row.text.slice(at + row.dataText.length)
}
