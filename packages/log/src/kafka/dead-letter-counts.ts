import { identityOf, toLetterPart } from './dead-letters.ts'
import type { KafkaRecord } from './partition-reader.ts'

/** How many dead letters there are, each once, by who buried them; of each only its identity is kept. */
export class DeadLetterCounts {
  readonly #seen = new Set<string>()
  readonly #counts = new Map<string, { origin: string; foundation: string; count: number }>()

  apply(record: Pick<KafkaRecord, 'value'>): void {
    const letter = toLetterPart(record)?.letter
    if (letter === undefined || this.#seen.has(identityOf(letter))) return
    this.#seen.add(identityOf(letter))
    const { origin, foundation } = letter
    const key = JSON.stringify([origin, foundation])
    const known = this.#counts.get(key)
    this.#counts.set(key, { origin, foundation, count: (known?.count ?? 0) + 1 })
  }

  get counts(): readonly { readonly origin: string; readonly foundation: string; readonly count: number }[] {
    return [...this.#counts.values()]
  }
}
