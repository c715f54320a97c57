import { isOwnGuid } from '@cf-audit-drain/event'
import type { FoundationWriter } from '@cf-audit-drain/log'
import type { Ledger } from './ledger.ts'
import type { Range } from './range.ts'
import { SeenGuids } from './seen-guids.ts'

/**
 * The guids that the log holds, those of our own events left out, for Cloud Controller never shows them: of the recent past all of them, of the time before it those of the windows that are
 * being worked on, read out of the log where the ledger says they lie.
 */
export class HeldGuids {
  /** Of the recent past. */
  readonly recent = new SeenGuids()
  readonly #old = new SeenGuids()
  readonly #loaded = new Set<number>()
  /** Windows of which the log no longer says all that it has held. */
  readonly #forgotten = new Set<number>()
  readonly #writer: FoundationWriter
  readonly #ledger: Ledger
  #sinceSec: number

  constructor(writer: FoundationWriter, ledger: Ledger, sinceSec: number) {
    this.#writer = writer
    this.#ledger = ledger
    this.#sinceSec = ledger.rangeOf(sinceSec).fromSec
  }

  async rebuild(): Promise<void> {
    for await (const { guid, createdAtSec } of this.#writer.guids(this.#sinceSec))
      if (!isOwnGuid(guid)) this.recent.add(guid, createdAtSec)
  }

  /** Those stamped before `sec` need not be known any more. */
  forgetBefore(sec: number): void {
    const { fromSec } = this.#ledger.rangeOf(sec)
    if (fromSec <= this.#sinceSec) return
    this.#sinceSec = fromSec
    this.recent.forgetBefore(fromSec)
  }

  /** Has the windows of these seconds at hand. */
  async load(secs: Iterable<number>): Promise<void> {
    for (const sec of secs) {
      const { fromSec } = this.#ledger.rangeOf(sec)
      if (fromSec >= this.#sinceSec || this.#loaded.has(fromSec)) continue
      this.#loaded.add(fromSec)
      const window = this.#ledger.windowOf(sec)
      if (window === null || window.held === window.deadLetters) continue
      let found = 0
      for await (const { guid, createdAtSec } of this.#writer.guidsOf(window)) {
        if (isOwnGuid(guid)) continue
        this.#old.add(guid, createdAtSec)
        found++
      }
      if (found < window.held - window.deadLetters) this.#forgotten.add(fromSec)
    }
  }

  /**
   * The log has held more there than it says now: retention has taken it, or the ledger does not say where it lies. What
   * is shown there may have been recorded long ago, so none of it is new.
   */
  isForgotten(sec: number): boolean {
    return this.#forgotten.has(this.#ledger.rangeOf(sec).fromSec)
  }

  /** These windows are done with. */
  release(windows: Iterable<Range>): void {
    for (const { fromSec, toSec } of windows)
      if (this.#loaded.delete(fromSec)) {
        this.#old.forget(fromSec, toSec)
        this.#forgotten.delete(fromSec)
      }
  }

  has(guid: string, createdAtSec: number): boolean {
    return this.#of(createdAtSec).has(guid, createdAtSec)
  }

  add(guid: string, createdAtSec: number): void {
    this.#of(createdAtSec).add(guid, createdAtSec)
  }

  /** Of one window, or a part of it. */
  keys({ fromSec, toSec }: Range): Iterable<string> {
    return this.#of(fromSec).guids(fromSec, toSec)
  }

  #of(sec: number): SeenGuids {
    return sec >= this.#sinceSec ? this.recent : this.#old
  }
}
