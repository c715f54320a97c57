/**
 * The guids of the recent past that the log holds, by the second of their stamp. It spares the work of parsing a row
 * that is read again at every poll, and it is what Cloud Controller's counts are compared with. Rebuilt from the log
 * at every start, so it never knows more than the log does.
 */
export class SeenGuids {
  readonly #all = new Set<string>()
  readonly #bySecond = new Map<number, string[]>()
  #newestSec = 0

  get size(): number {
    return this.#all.size
  }

  /** 0 when nothing was seen. */
  get newestSec(): number {
    return this.#newestSec
  }

  has(guid: string): boolean {
    return this.#all.has(guid)
  }

  add(guid: string, createdAtSec: number): void {
    if (this.#all.has(guid)) return
    this.#all.add(guid)
    const second = this.#bySecond.get(createdAtSec)
    if (second) second.push(guid)
    else this.#bySecond.set(createdAtSec, [guid])
    if (createdAtSec > this.#newestSec) this.#newestSec = createdAtSec
  }

  count(fromSec: number, toSec: number): number {
    let count = 0
    for (const [second, guids] of this.#bySecond)
      if (second >= fromSec && second < toSec) count += guids.length
    return count
  }

  *guids(fromSec: number, toSec: number): Generator<string> {
    for (const [second, guids] of this.#bySecond) if (second >= fromSec && second < toSec) yield* guids
  }

  forgetBefore(sec: number): void {
    for (const [second, guids] of this.#bySecond) {
      if (second >= sec) continue
      for (const guid of guids) this.#all.delete(guid)
      this.#bySecond.delete(second)
    }
  }
}
