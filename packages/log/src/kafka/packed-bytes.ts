/** Reads forward through a packed input; every byte that is missing is a RangeError that says which. */
export class PackedBytes {
  at = 0
  readonly #bytes: Buffer
  readonly #format: string

  /** `format` begins every message. */
  constructor(format: string, bytes: Buffer) {
    this.#format = format
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.at
  }

  byte(): number {
    const value = this.#bytes[this.at]
    if (value === undefined) throw this.fault('it ends too early')
    this.at++
    return value
  }

  /** Little-endian, `size` 1 to 4. */
  uint(size: number): number {
    return this.take(size).readUIntLE(0, size)
  }

  take(count: number): Buffer {
    if (count > this.left) throw this.fault(`${count} bytes should follow, but ${this.left} do`)
    this.at += count
    return this.#bytes.subarray(this.at - count, this.at)
  }

  /** All that is left, without reading it. */
  rest(): Buffer {
    return this.#bytes.subarray(this.at)
  }

  /** The next `count` bytes as an input of their own that counts on from here. */
  within(count: number): PackedBytes {
    this.take(count)
    const part = new PackedBytes(this.#format, this.#bytes.subarray(0, this.at))
    part.at = this.at - count
    return part
  }

  fault(what: string, at: number = this.at): RangeError {
    return new RangeError(`${this.#format}: at byte ${at}: ${what}`)
  }
}
