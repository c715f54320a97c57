import { guidKey } from '@cf-audit-drain/log'

const bytesPerGuid = 16
const wordsPerGuid = 4
const slotsAtFirst = 64

/** Of the guid that is looked for: as bytes, and the same memory as words. */
const words = new Uint32Array(wordsPerGuid)
const bytes = new Uint8Array(words.buffer)

/**
 * A set of guids for large numbers of them: a UUID takes 21 to 43 bytes outside of the JavaScript heap, a third of what
 * it takes as a string in a Set, and the garbage collector need not look at it. A guid of any other form is kept as it is.
 */
export class PackedGuids {
  /** A table with open addressing, a power of two of slots, at most three quarters of them taken. All zero: empty. */
  #table = new Uint32Array(slotsAtFirst * wordsPerGuid)
  #packed = 0
  readonly #others = new Set<string>()

  constructor(guids: Iterable<string> = []) {
    for (const guid of guids) this.add(guid)
  }

  get size(): number {
    return this.#packed + this.#others.size
  }

  has(guid: string): boolean {
    return isPackable(guid) ? this.#isTaken(this.#slotOfWords()) : this.#others.has(guid)
  }

  add(guid: string): void {
    if (!isPackable(guid)) {
      this.#others.add(guid)
      return
    }
    const slot = this.#slotOfWords()
    if (this.#isTaken(slot)) return
    this.#table.set(words, slot)
    if (++this.#packed * wordsPerGuid * 4 > this.#table.length * 3) this.#double()
  }

  *[Symbol.iterator](): Generator<string> {
    const table = Buffer.from(this.#table.buffer)
    for (let slot = 0; slot < this.#table.length; slot += wordsPerGuid) {
      if (!this.#isTaken(slot)) continue
      const hex = table.toString('hex', slot * 4, slot * 4 + bytesPerGuid)
      yield `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
    }
    yield* this.#others
  }

  /** Where the guid in `words` is, or the empty slot where it would be. */
  #slotOfWords(): number {
    const table = this.#table
    // One by one: taking a typed array apart goes through its iterator.
    const a = words[0] as number
    const b = words[1] as number
    const c = words[2] as number
    const d = words[3] as number
    const mixed = Math.imul(a ^ Math.imul(b, 0x85ebca6b) ^ c ^ Math.imul(d, 0xc2b2ae35), 0x9e3779b1)
    let slot = ((mixed ^ (mixed >>> 15)) * wordsPerGuid) & (table.length - wordsPerGuid)
    while (
      this.#isTaken(slot) &&
      !(table[slot] === a && table[slot + 1] === b && table[slot + 2] === c && table[slot + 3] === d)
    )
      slot = (slot + wordsPerGuid) & (table.length - wordsPerGuid)
    return slot
  }

  #isTaken(slot: number): boolean {
    const table = this.#table
    return table[slot] !== 0 || table[slot + 1] !== 0 || table[slot + 2] !== 0 || table[slot + 3] !== 0
  }

  #double(): void {
    const old = this.#table
    this.#table = new Uint32Array(old.length * 2)
    for (let slot = 0; slot < old.length; slot += wordsPerGuid) {
      words.set(old.subarray(slot, slot + wordsPerGuid))
      if (!isZero()) this.#table.set(words, this.#slotOfWords())
    }
  }
}

/** Whether it is a UUID other than that of zeros; then it is in `words`. */
function isPackable(guid: string): boolean {
  const key = guidKey(guid)
  if (typeof key === 'string') return false
  bytes.set(key)
  return !isZero()
}

function isZero(): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === 0 && words[3] === 0
}
