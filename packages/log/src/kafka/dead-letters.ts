import type { Message } from 'kafkajs'
import type { DeadLetter } from '../ports.ts'
import type { KafkaRecord } from './partition-reader.ts'

/** In base64 it fits a topic of the brokers' default of 1 MiB. */
const partBytes = 600_000

/*
 *   key     JSON [foundation, origin, key], and the number of the part where there are several
 *   value   JSON of the letter, `raw` in base64; of a large one a part of `raw`, with `part` (from 1) and `parts`
 */

/** One, or as many as a large letter needs. */
export function deadLetterMessages({ raw, ...letter }: DeadLetter): readonly Message[] {
  const bytes = Buffer.from(raw)
  const parts = Math.max(1, Math.ceil(bytes.length / partBytes))
  return Array.from({ length: parts }, (_, i) => ({
    key: parts === 1 ? identityOf(letter) : JSON.stringify([...identityParts(letter), i + 1]),
    value: JSON.stringify({
      ...letter,
      raw: bytes.toString('base64', i * partBytes, (i + 1) * partBytes),
      ...(parts === 1 ? {} : { part: i + 1, parts }),
    }),
    partition: 0,
    timestamp: String(letter.atMs),
  }))
}

export interface LetterPart {
  readonly letter: DeadLetter
  readonly part: number
  readonly parts: number
}

/** Letters of the topic in its order, each identity once, large ones put together again. */
export class DeadLetterCollection {
  readonly #letters = new Map<string, DeadLetter>()
  readonly #begun = new Map<string, Map<number, LetterPart>>()

  get letters(): readonly DeadLetter[] {
    return [...this.#letters.values()]
  }

  /** A record that is no letter of ours is passed by. */
  add(record: Pick<KafkaRecord, 'value'>): void {
    const read = toLetterPart(record)
    if (read === null) return
    const identity = identityOf(read.letter)
    if (this.#letters.has(identity)) return
    const found = this.#begun.get(identity) ?? new Map<number, LetterPart>()
    found.set(read.part, read)
    this.#begun.set(identity, found)
    if (found.size < read.parts) return
    const raws = Array.from({ length: read.parts }, (_, i) => found.get(i + 1)?.letter.raw ?? Buffer.alloc(0))
    this.#letters.set(identity, { ...read.letter, raw: Buffer.concat(raws) })
    this.#begun.delete(identity)
  }
}

export function identityOf(letter: Identity): string {
  return JSON.stringify(identityParts(letter))
}

type Identity = Pick<DeadLetter, 'foundation' | 'origin' | 'key'>

function identityParts({ foundation, origin, key }: Identity): readonly string[] {
  return [foundation, origin, key]
}

/** Null for a record that is no letter of ours. */
export function toLetterPart({ value }: Pick<KafkaRecord, 'value'>): LetterPart | null {
  try {
    const { raw, part = 1, parts = 1, ...letter } = JSON.parse(value?.toString() ?? 'null')
    return { letter: { ...letter, raw: Buffer.from(raw, 'base64') }, part, parts }
  } catch {
    return null
  }
}
