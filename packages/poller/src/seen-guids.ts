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
    for (const [, guids] of this.#between(fromSec, toSec)) count += sizeOf(guids)
    return count
  }

  *guids(fromSec: number, toSec: number): Generator<string> {
    for (const [, guids] of this.#between(fromSec, toSec)) yield* guids
  }

  forgetBefore(sec: number): void {
    this.forget(Number.NEGATIVE_INFINITY, sec)
  }

  forget(fromSec: number, toSec: number): void {
    for (const [second, guids] of this.#between(fromSec, toSec)) {
      this.#size -= sizeOf(guids)
      this.#bySecond.delete(second)
    }
  }

  /** The seconds of a window are asked for one by one, those of hours are picked out of all. */
  *#between(fromSec: number, toSec: number): Generator<readonly [number, string[] | Set<string>]> {
    if (toSec - fromSec > this.#bySecond.size) {
      for (const one of this.#bySecond) if (one[0] >= fromSec && one[0] < toSec) yield one
      return
    }
    for (let second = fromSec; second < toSec; second++) {
      const guids = this.#bySecond.get(second)
      if (guids !== undefined) yield [second, guids]
    }
  }
}

function sizeOf(guids: readonly string[] | ReadonlySet<string>): number {
  return 'length' in guids ? guids.length : guids.size
}
