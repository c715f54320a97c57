import { createHash } from 'node:crypto'

/**
 * SHA-256 over the events of a foundation in their order. Of each: its guid, the length of its bytes (INT32, big
 * endian, -1 for one that is remembered only), its bytes. That is what kcat prints of the topic by `-f '%k%R%s'`.
 */
export class EventDigest {
  readonly #hash = createHash('sha256')
  readonly #length = Buffer.alloc(4)

  add(guid: string | Uint8Array, bytes: Uint8Array | null): void {
    this.#length.writeInt32BE(bytes?.length ?? -1)
    this.#hash.update(guid).update(this.#length)
    if (bytes !== null) this.#hash.update(bytes)
  }

  /** Ends it. */
  hex(): string {
    return this.#hash.digest('hex')
  }
}
