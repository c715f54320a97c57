import type { Range } from './range.ts'
import type { AuditEvents } from './read-segment.ts'
import type { SecondLook } from './second-look.ts'

const requestsMax = 60

/**
 * Seconds in which Cloud Controller counts more rows than a look has shown: one that is held and was not shown may be among them.
 * They are looked for by halves, with 60 requests at most.
 */
export class CountedSeconds {
  readonly #source: Pick<AuditEvents, 'countAuditEvents'>
  readonly #rowsIn: SecondLook['rowsIn']
  #isWhole = false
  #requests = 0

  private constructor(source: Pick<AuditEvents, 'countAuditEvents'>, rowsIn: SecondLook['rowsIn']) {
    this.#source = source
    this.#rowsIn = rowsIn
  }

  /** Of a look at the range. */
  static async of(
    source: Pick<AuditEvents, 'countAuditEvents'>,
    range: Range,
    { isWhole, rowsIn }: SecondLook,
    signal: AbortSignal,
  ): Promise<CountedSeconds> {
    const made = new CountedSeconds(source, rowsIn)
    made.#isWhole = isWhole || !(await made.#lacks(range, signal))
    return made
  }

  /** In none: nothing more is asked. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** Which of these it is; null while that would take too many requests. */
  async among(secs: Iterable<number>, signal: AbortSignal): Promise<ReadonlySet<number> | null> {
    const found = new Set<number>()
    const sorted = [...new Set(secs)].sort((a, b) => a - b)
    const parts = this.#isWhole ? [] : [sorted]
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const [first, last] = [part[0], part.at(-1)]
      if (first === undefined || last === undefined) continue
      if (this.#requests >= requestsMax) return null
      if (!(await this.#lacks({ fromSec: first, toSec: last + 1 }, signal))) continue
      const middle = part.length >> 1
      if (middle === 0) found.add(first)
      else parts.push(part.slice(0, middle), part.slice(middle))
    }
    return found
  }

  async #lacks(range: Range, signal: AbortSignal): Promise<boolean> {
    this.#requests++
    let shown = 0
    for (const [sec, rows] of this.#rowsIn) if (sec >= range.fromSec && sec < range.toSec) shown += rows
    return (await this.#source.countAuditEvents(range, signal)) > shown
  }
}
