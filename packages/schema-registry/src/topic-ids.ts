import type { ReleasedSchema } from '@cf-audit-drain/event'
import { subjectOf } from './subject.ts'

export interface KnownId {
  readonly id: number | null
  /** `kept`: what the last writer knew; the registry has not confirmed it to this process. */
  readonly from: 'registry' | 'kept' | null
}

interface Held {
  readonly id: number
  readonly from: 'registry' | 'kept'
  /** The registry has said once that the schema is not there. */
  readonly isDoubted: boolean
}

/**
 * What is known of the ids of one topic. The registry's word counts, but that a schema is not there counts only when it
 * says so a second time: one that restarts, or a balancer that asks the wrong one, says so for a moment.
 */
export class TopicIds {
  readonly #topic: string
  readonly #warn: (sentence: string) => void
  readonly #held = new Map<string, Held>()
  /** Schemas that are not held, of which the registry has said once that they are not there. */
  readonly #doubted = new Set<string>()
  /** And those of which it has said so again. */
  readonly #absent = new Set<string>()

  constructor(topic: string, warn: (sentence: string) => void) {
    this.#topic = topic
    this.#warn = warn
  }

  idOf(fingerprint: string): number | null {
    return this.#held.get(fingerprint)?.id ?? null
  }

  known(fingerprint: string): KnownId {
    const held = this.#held.get(fingerprint)
    if (held === undefined) return { id: null, from: null }
    return { id: held.id, from: held.isDoubted ? 'kept' : held.from }
  }

  /** Something is known, were it that there is no id: what an earlier writer kept no longer counts. */
  get isKnown(): boolean {
    return this.#held.size + this.#absent.size > 0
  }

  /** By fingerprint. */
  get ids(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#held].map(([fingerprint, { id }]) => [fingerprint, id]))
  }

  /** What a writer kept, before or after the registry was asked. */
  recall(ids: Readonly<Record<string, number>>): void {
    for (const [fingerprint, id] of Object.entries(ids)) {
      const held = this.#held.get(fingerprint)
      if (held === undefined && !this.#absent.has(fingerprint))
        this.#held.set(fingerprint, { id, from: 'kept', isDoubted: this.#doubted.has(fingerprint) })
      else if (held?.from === 'registry' && held.id !== id) this.#warn(this.#anotherId(id, held.id))
    }
  }

  /** What the registry says; null: not there, or not what consumers would be given. */
  answered({ version, fingerprint }: ReleasedSchema, id: number | null): void {
    const held = this.#held.get(fingerprint)
    if (id !== null) {
      if (held !== undefined && held.id !== id) this.#warn(this.#anotherId(held.id, id))
      this.#held.set(fingerprint, { id, from: 'registry', isDoubted: false })
      this.#absent.delete(fingerprint)
      this.#doubted.delete(fingerprint)
      return
    }
    if (held === undefined && !this.#doubted.has(fingerprint)) {
      // What the last writer kept is told later than the first answer comes.
      this.#doubted.add(fingerprint)
      return
    }
    if (held !== undefined && !held.isDoubted) {
      this.#held.set(fingerprint, { ...held, isDoubted: true })
      return
    }
    this.#held.delete(fingerprint)
    if (this.#absent.has(fingerprint)) return
    this.#absent.add(fingerprint)
    const was = held === undefined ? '' : `, where it had the id ${held.id}`
    this.#warn(
      `schema ${version} of events is not registered under ${subjectOf(this.#topic)}${was}: its events are written as Avro single objects until it is; run cf-audit-drain schemas register`,
    )
  }

  #anotherId(before: number, now: number): string {
    return `the schema registry gives the id ${now} to a schema of ${subjectOf(this.#topic)} that had ${before}: events written before cannot be decoded by consumers that ask it, until the registry is restored from its backup (cf-audit-drain itself still reads them)`
  }
}
