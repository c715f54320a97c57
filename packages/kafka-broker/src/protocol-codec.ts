/*
 * The primitive types of the Kafka protocol (https://kafka.apache.org/protocol), and requests with their headers:
 *
 *   request   size:int32 | api_key:int16 | api_version:int16 | correlation_id:int32 | client_id:string | [tags] | body
 *   response  size:int32 | correlation_id:int32 | [tags] | body
 *
 * Flexible versions have tags (none here, so one zero byte) and compact strings and arrays: their length plus one, unsigned varint.
 */

export interface Api {
  readonly key: number
  readonly version: number
  readonly flexible?: boolean
}

const clientId = 'cf-audit-drain-kafka-broker'

/** Builds the body of a request, value after value. */
export class Body {
  readonly #parts: Buffer[] = []

  int8(value: number): this {
    return this.#put(1, bytes => bytes.writeInt8(value))
  }

  int16(value: number): this {
    return this.#put(2, bytes => bytes.writeInt16BE(value))
  }

  int32(value: number): this {
    return this.#put(4, bytes => bytes.writeInt32BE(value))
  }

  int64(value: bigint): this {
    return this.#put(8, bytes => bytes.writeBigInt64BE(value))
  }

  float64(value: number): this {
    return this.#put(8, bytes => bytes.writeDoubleBE(value))
  }

  flag(value: boolean): this {
    return this.int8(value ? 1 : 0)
  }

  string(value: string | null): this {
    if (value === null) return this.int16(-1)
    const bytes = Buffer.from(value)
    return this.int16(bytes.length).bytes(bytes)
  }

  list<T>(items: readonly T[], write: (body: Body, item: T) => void): this {
    this.int32(items.length)
    for (const item of items) write(this, item)
    return this
  }

  compactString(value: string): this {
    const bytes = Buffer.from(value)
    return this.#compactLength(bytes.length).bytes(bytes)
  }

  compactBytes(value: Buffer): this {
    return this.#compactLength(value.length).bytes(value)
  }

  compactList<T>(items: readonly T[], write: (body: Body, item: T) => void): this {
    this.#compactLength(items.length)
    for (const item of items) write(this, item)
    return this
  }

  noTags(): this {
    return this.int8(0)
  }

  bytes(value: Buffer): this {
    this.#parts.push(value)
    return this
  }

  /** The whole request, its size in front. */
  framed({ key, version, flexible }: Api, correlationId: number): Buffer {
    const head = new Body().int16(key).int16(version).int32(correlationId).string(clientId)
    if (flexible) head.noTags()
    const payload = Buffer.concat([...head.#parts, ...this.#parts])
    return Buffer.concat([new Body().int32(payload.length).#parts[0] as Buffer, payload])
  }

  #compactLength(length: number): this {
    if (length >= 127) throw new Error('longer than one byte of a varint can say')
    return this.int8(length + 1)
  }

  #put(size: number, write: (bytes: Buffer) => void): this {
    const bytes = Buffer.alloc(size)
    write(bytes)
    return this.bytes(bytes)
  }
}

/** Reads the body of a response, value after value. */
export class Answer {
  readonly #payload: Buffer
  #at: number

  /** `payload` without its size. */
  constructor(payload: Buffer, { flexible }: Pick<Api, 'flexible'> = {}) {
    this.#payload = payload
    this.#at = flexible ? 5 : 4
  }

  int8(): number {
    return this.#payload.readInt8(this.#past(1))
  }

  int16(): number {
    return this.#payload.readInt16BE(this.#past(2))
  }

  int32(): number {
    return this.#payload.readInt32BE(this.#past(4))
  }

  int64(): bigint {
    return this.#payload.readBigInt64BE(this.#past(8))
  }

  string(): string | null {
    const length = this.int16()
    return length < 0 ? null : this.#text(length)
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, read)
  }

  compactString(): string | null {
    const length = this.int8() - 1
    return length < 0 ? null : this.#text(length)
  }

  compactList<T>(read: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int8() - 1) }, read)
  }

  #text(length: number): string {
    const at = this.#past(length)
    return this.#payload.toString('utf8', at, at + length)
  }

  #past(size: number): number {
    this.#at += size
    return this.#at - size
  }
}
