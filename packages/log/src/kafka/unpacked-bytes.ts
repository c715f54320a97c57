/** What a decoder of back references has unpacked so far. Grows as needed, never beyond `max` bytes. */
export class UnpackedBytes {
  length = 0
  readonly #max: number
  readonly #format: string
  #bytes: Buffer

  /** `format` begins every message. */
  constructor(format: string, max: number) {
    this.#format = format
    this.#max = max
    this.#bytes = Buffer.allocUnsafe(Math.min(max, 64 * 1024))
  }

  /** `at`: the byte of the packed input that asks for it, for the message. */
  append(source: Uint8Array, at: number): void {
    this.#makeRoom(source.length, at)
    this.#bytes.set(source, this.length)
    this.length += source.length
  }

  /** Repeats `count` bytes that begin `distance` bytes back; `start` is how far back it may reach. */
  repeat(distance: number, count: number, start: number, at: number): void {
    if (distance === 0 || distance > this.length - start)
      throw new RangeError(
        `${this.#format}: at byte ${at}: it reaches ${distance} bytes back, where ${this.length - start} can be reached`,
      )
    this.#makeRoom(count, at)
    const from = this.length - distance
    if (distance >= count) this.#bytes.copyWithin(this.length, from, from + count)
    else for (let i = 0; i < count; i++) this.#bytes[this.length + i] = this.#bytes[from + i] ?? 0
    this.length += count
  }

  from(start: number): Buffer {
    return this.#bytes.subarray(start, this.length)
  }

  #makeRoom(count: number, at: number): void {
    const needed = this.length + count
    if (needed > this.#max)
      throw new RangeError(`${this.#format}: at byte ${at}: it unpacks to more than ${this.#max} bytes`)
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.min(this.#max, Math.max(needed, this.#bytes.length * 2)))
    this.#bytes.copy(larger, 0, 0, this.length)
    this.#bytes = larger
  }
}
