/** Above this a second's guids are kept as a set, below as a list: shorter, and as quick to look through. */
const listMax = 32

/**
 * The guids of the recent past that the log holds, by the second of their stamp. It spares the work of parsing a row
 * that is read again at every poll, and it is what Cloud Controller's counts are compared with. Rebuilt from the log
 * at every start, so it never knows more than the log does.
 */
export class SeenGuids {
  readonly #bySecond = new Map<number, string[] | Set<string>>()
  #size = 0
  #newestSec = 0

  get size(): number {
    return this.#size
  }

  /** 0 when nothing was seen. */
  get newestSec(): number {
    return this.#newestSec
  }

  has(guid: string, createdAtSec: number): boolean {
    const guids = this.#bySecond.get(createdAtSec)
    if (guids === undefined) return false
    return Array.isArray(guids) ? guids.includes(guid) : guids.has(guid)
  }

  add(guid: string, createdAtSec: number): void {
    if (this.has(guid, createdAtSec)) return
    this.#size++
    if (createdAtSec > this.#newestSec) this.#newestSec = createdAtSec
    const guids = this.#bySecond.get(createdAtSec)
    if (guids === undefined) this.#bySecond.set(createdAtSec, [guid])
    else if (!Array.isArray(guids)) guids.add(guid)
    else if (guids.length < listMax) guids.push(guid)
    else this.#bySecond.set(createdAtSec, new Set([...guids, guid]))
  }

  count(fromSec: number, toSec: number): number {
    let count = 0
    for (const [second, guids] of this.#bySecond)
      if (second >= fromSec && second < toSec) count += sizeOf(guids)
    return count
  }

  *guids(fromSec: number, toSec: number): Generator<string> {
    for (const [second, guids] of this.#bySecond) if (second >= fromSec && second < toSec) yield* guids
  }

  forgetBefore(sec: number): void {
    for (const [second, guids] of this.#bySecond) {
      if (second >= sec) continue
      this.#size -= sizeOf(guids)
      this.#bySecond.delete(second)
    }
  }
}

function sizeOf(guids: readonly string[] | ReadonlySet<string>): number {
  return 'length' in guids ? guids.length : guids.size
}
