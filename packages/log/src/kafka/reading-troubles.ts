import { asError } from '@cf-audit-drain/pipeline'
import type { ReadingTrouble } from '../ports.ts'

/** A part of reading that fails by itself. */
export interface ReadingPart {
  readonly step: 'asking' | 'joining' | 'naming' | 'seeing' | 'beginning' | 'fetching' | 'committing'
  /** Null: of all topics. */
  readonly topic: string | null
}

export const reading = {
  brokers: { step: 'asking', topic: null },
  group: { step: 'joining', topic: null },
  topicNames: { step: 'naming', topic: null },
  seeing: (topic: string): ReadingPart => ({ step: 'seeing', topic }),
  beginning: (topic: string): ReadingPart => ({ step: 'beginning', topic }),
  fetching: (topic: string): ReadingPart => ({ step: 'fetching', topic }),
  committing: (topic: string): ReadingPart => ({ step: 'committing', topic }),
} as const

export interface TroubleDoor {
  /** A refusal of the brokers with what is lacking, any other error as it is. */
  explain(error: Error, part: ReadingPart): Promise<Error>
  foundationOf(topic: string): string | null
  /** Of each trouble when it begins, and when it becomes another one. */
  failed(error: Error): void
  /** All that keeps the sink from its records, whenever that has changed; empty: nothing any more. */
  interrupted(troubles: readonly ReadingTrouble[]): void
}

/** What keeps a sink from its records, by the part of reading that fails: each is told once, and when it is over. */
export class ReadingTroubles {
  readonly #door: TroubleDoor
  /** `error` is null while it is not explained. */
  readonly #parts = new Map<string, { readonly part: ReadingPart; readonly error: Error | null }>()
  #told: readonly ReadingTrouble[] = []
  #isEnded = false

  constructor(door: TroubleDoor) {
    this.#door = door
  }

  has(part: ReadingPart, thrown: unknown): void {
    const error = asError(thrown)
    this.#parts.getOrInsert(keyOf(part), { part, error: null })
    this.#door.explain(error, part).then(
      explained => this.#explained(part, explained),
      () => this.#explained(part, error),
    )
  }

  over(part: ReadingPart): void {
    if (this.#parts.delete(keyOf(part))) this.#tell()
  }

  /** Nobody reads any more: what is not over now is never told to be. */
  end(): void {
    this.#isEnded = true
  }

  #explained(part: ReadingPart, error: Error): void {
    if (this.#isEnded) return
    const before = this.#parts.get(keyOf(part))
    if (before?.error?.message === error.message) return
    const { topic } = part
    const trouble = { foundation: topic === null ? null : this.#door.foundationOf(topic), error }
    if (!this.#told.some(one => isSame(trouble, one))) this.#door.failed(error)
    // Over before anybody could say why it was.
    if (before === undefined) return
    this.#parts.set(keyOf(part), { part, error })
    this.#tell()
  }

  #tell(): void {
    if (this.#isEnded) return
    const now = this.#troubles()
    if (now.length === this.#told.length && now.every((one, i) => isSame(one, this.#told[i]))) return
    this.#told = now
    this.#door.interrupted(now)
  }

  /** Two steps that fail a foundation for one reason are one trouble. */
  #troubles(): readonly ReadingTrouble[] {
    const all = [...this.#parts.values()].flatMap(({ part: { topic }, error }) =>
      error === null ? [] : [{ foundation: topic === null ? null : this.#door.foundationOf(topic), error }],
    )
    return all.filter((one, i) => all.findIndex(other => isSame(one, other)) === i)
  }
}

function keyOf({ step, topic }: ReadingPart): string {
  return `${step} ${topic ?? ''}`
}

function isSame(one: ReadingTrouble, other: ReadingTrouble | undefined): boolean {
  return one.foundation === other?.foundation && one.error.message === other.error.message
}
