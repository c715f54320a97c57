const CHUNK_BYTES = 8 * 1024 * 1024

/** Where a text lies. */
export interface TextSpot {
  readonly chunk: number
  readonly offset: number
  readonly length: number
}

/**
 * Texts one behind the other with a comma between: rows that were put in one after another come out as one piece,
 * commas included, and a page of 5,000 is a handful of sub-arrays. Nothing is ever given back.
 */
export class TextArena {
  readonly #chunks: Buffer[] = []
  #used = 0

  add(text: string | Uint8Array): TextSpot {
    const most = typeof text === 'string' ? text.length * 3 : text.length
    let chunk = this.#chunks.at(-1)
    if (chunk === undefined || this.#used + most + 1 > chunk.length) {
      chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, most + 1))
      this.#chunks.push(chunk)
      this.#used = 0
    }
    const offset = this.#used
    if (typeof text === 'string') this.#used += chunk.write(text, offset)
    else {
      chunk.set(text, offset)
      this.#used += text.length
    }
    const length = this.#used - offset
    chunk[this.#used++] = 0x2c
    return { chunk: this.#chunks.length - 1, offset, length }
  }

  text(spot: TextSpot): string {
    return this.#piece(spot.chunk, spot.offset, spot.offset + spot.length).toString()
  }

  /** The texts with commas between, in as few pieces as their places allow. */
  joined(spots: readonly TextSpot[]): Uint8Array[] {
    const pieces: Uint8Array[] = []
    let [chunk, start, end] = [-1, 0, 0]
    for (const spot of spots) {
      if (spot.chunk === chunk && spot.offset === end + 1) {
        end = spot.offset + spot.length
        continue
      }
      if (chunk >= 0) pieces.push(this.#piece(chunk, start, end + 1))
      ;[chunk, start, end] = [spot.chunk, spot.offset, spot.offset + spot.length]
    }
    if (chunk >= 0) pieces.push(this.#piece(chunk, start, end))
    return pieces
  }

  #piece(chunk: number, start: number, end: number): Buffer {
    const buffer = this.#chunks[chunk]
    if (buffer === undefined) throw new Error(`text arena: no chunk ${chunk}`)
    return buffer.subarray(start, end)
  }
}
