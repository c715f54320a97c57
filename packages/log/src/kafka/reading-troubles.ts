import { asError } from '@cf-audit-drain/pipeline'

export interface TroubleDoor {
  /** A refusal of the brokers with what is lacking, any other error as it is. */
  explain(error: Error): Promise<Error>
  /** Of each trouble when it begins, and when it becomes another one. */
  failed(error: Error): void
  /** What keeps the sink from its records, the first of several; null: nothing any more. */
  interrupted(error: Error | null): void
}

/** What keeps a sink from its records, by the part of reading that fails: each is told once, and when all are over. */
export class ReadingTroubles {
  readonly #door: TroubleDoor
  /** Null: not explained yet. */
  readonly #errors = new Map<string, Error | null>()
  #told: Error | null = null
  #isEnded = false

  constructor(door: TroubleDoor) {
    this.#door = door
  }

  has(part: string, thrown: unknown): void {
    const error = asError(thrown)
    if (!this.#errors.has(part)) this.#errors.set(part, null)
    this.#door.explain(error).then(
      explained => this.#explained(part, explained),
      () => this.#explained(part, error),
    )
  }

  over(part: string): void {
    if (this.#errors.delete(part)) this.#tell()
  }

  /** Nobody reads any more: what is not over now is never told to be. */
  end(): void {
    this.#isEnded = true
  }

  #explained(part: string, error: Error): void {
    if (this.#isEnded) return
    const before = this.#errors.get(part)
    if (before?.message === error.message) return
    this.#door.failed(error)
    // Over before anybody could say why it was.
    if (before === undefined) return
    this.#errors.set(part, error)
    this.#tell()
  }

  #tell(): void {
    const first = [...this.#errors.values()].find(error => error !== null) ?? null
    if (first === this.#told || this.#isEnded) return
    this.#told = first
    this.#door.interrupted(first)
  }
}
