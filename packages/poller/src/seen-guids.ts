import { PackedGuids } from './packed-guids.ts'

/** Above this a second's guids are packed in a table, below they are a list: as short, and as quick to look through. */
const listMax = 32

/**
 * The guids of the recent past that the log holds, by the second of their stamp. It spares the work of parsing a row
 * that is read again at every poll, and it is what Cloud Controller's counts are compared with. Rebuilt from the log
 * at every start, so it never knows more than the log does.
 */
export class SeenGuids {
  readonly #bySecond = new Map<number, string[] | PackedGuids>()
  #size = 0
  /** No guid is older. */
  #oldestSec = Number.POSITIVE_INFINITY
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
    if (createdAtSec < this.#oldestSec) this.#oldestSec = createdAtSec
    const guids = this.#bySecond.get(createdAtSec)
    if (guids === undefined) this.#bySecond.set(createdAtSec, [guid])
    else if (!Array.isArray(guids)) guids.add(guid)
    else if (guids.length < listMax) guids.push(guid)
    else this.#bySecond.set(createdAtSec, new PackedGuids([...guids, guid]))
  }

  count(fromSec: number, toSec: number): number {
    let count = 0
    for (const second of this.#secondsIn(fromSec, toSec)) count += this.#sizeOf(second)
    return count
  }

  guids(fromSec: number, toSec: number): readonly string[] {
    const all: string[] = []
    for (const second of this.#secondsIn(fromSec, toSec))
      for (const guid of this.#bySecond.get(second) ?? []) all.push(guid)
    return all
  }

  forgetBefore(sec: number): void {
    this.forget(Number.NEGATIVE_INFINITY, sec)
    this.#oldestSec = Math.max(this.#oldestSec, sec)
  }

  forget(fromSec: number, toSec: number): void {
    for (const second of this.#secondsIn(fromSec, toSec)) {
      this.#size -= this.#sizeOf(second)
      this.#bySecond.delete(second)
    }
  }

  /** Those of a window are asked for one by one, those of hours are picked out of all. */
  #secondsIn(from: number, to: number): readonly number[] {
    const [fromSec, toSec] = [Math.max(from, this.#oldestSec), Math.min(to, this.#newestSec + 1)]
    const seconds: number[] = []
    if (toSec - fromSec > this.#bySecond.size) {
      for (const second of this.#bySecond.keys())
        if (second >= fromSec && second < toSec) seconds.push(second)
      return seconds
    }
    for (let second = fromSec; second < toSec; second++) if (this.#bySecond.has(second)) seconds.push(second)
    return seconds
  }

  #sizeOf(second: number): number {
    const guids = this.#bySecond.get(second) ?? []
    return 'length' in guids ? guids.length : guids.size
  }
}
