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

/** Letters of which some parts are not there yet: one for each who buries at a time. What was broken off is given up for newer ones. */
const begunMax = 16

/** Puts large letters of the topic together again. */
export class LetterAssembly {
  readonly #begun = new Map<string, Map<number, LetterPart>>()

  /** Letters in memory. */
  get begun(): number {
    return this.#begun.size
  }

  /** The letter that is complete with this record; null: none is, or it is no letter of ours. */
  add(record: Pick<KafkaRecord, 'value'>): DeadLetter | null {
    const read = toLetterPart(record)
    if (read === null || read.parts === 1) return read?.letter ?? null
    const identity = identityOf(read.letter)
    const begun = this.#begun.get(identity)
    const [before] = begun?.values() ?? []
    // What was broken off may have had another form when it was buried again.
    const isOfOne = before?.parts === read.parts && before.letter.atMs === read.letter.atMs
    const found = (isOfOne && begun) || new Map<number, LetterPart>()
    found.set(read.part, read)
    this.#begun.delete(identity)
    if (found.size < read.parts) {
      this.#begun.set(identity, found)
      dropOldest(this.#begun, begunMax)
      return null
    }
    const raws = Array.from({ length: read.parts }, (_, i) => found.get(i + 1)?.letter.raw ?? Buffer.alloc(0))
    return { ...read.letter, raw: Buffer.concat(raws) }
  }
}

/** Those of the topic that are complete, in its order. */
export async function* lettersOf(
  records: AsyncIterable<Pick<KafkaRecord, 'value'>>,
  foundation: string,
  origin: string,
  signal?: AbortSignal,
): AsyncGenerator<DeadLetter> {
  const assembly = new LetterAssembly()
  for await (const record of records) {
    signal?.throwIfAborted()
    const letter = assembly.add(record)
    if (letter?.foundation === foundation && letter.origin === origin) yield letter
  }
}

/**
 * The newest of the topic, each identity once, as it was buried first. One that was buried again after so many others counts as
 * buried then.
 */
export class NewestLetters {
  readonly #limit: number
  readonly #letters = new Map<string, DeadLetter>()
  readonly #assembly = new LetterAssembly()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Letters in memory. */
  get size(): number {
    return this.#letters.size + this.#assembly.begun
  }

  /** The newest first. */
  get letters(): readonly DeadLetter[] {
    return [...this.#letters.values()].reverse()
  }

  add(record: Pick<KafkaRecord, 'value'>): void {
    const letter = this.#assembly.add(record)
    if (letter === null) return
    const identity = identityOf(letter)
    if (!this.#letters.has(identity)) this.#letters.set(identity, letter)
    dropOldest(this.#letters, this.#limit)
  }
}

function dropOldest(map: Map<string, unknown>, max: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= max) return
    map.delete(oldest)
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
