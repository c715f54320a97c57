import type { Beginning } from './half-migrated.ts'
import type { Names } from './names.ts'
import type { SinkSourceObserver } from './sink-source-door.ts'

/** Tells of a sink by foundation what it comes upon by topic. */
export class SinkNews {
  readonly #sink: string
  readonly #names: Names
  readonly #observer: SinkSourceObserver

  constructor(sink: string, names: Names, observer: SinkSourceObserver) {
    this.#sink = sink
    this.#names = names
    this.#observer = observer
  }

  reads(topics: ReadonlySet<string>): void {
    this.#observer.reads?.([...topics].map(topic => this.#foundationOf(topic)))
  }

  /** Nothing where its group knows its place. */
  begins(topic: string, group: string, { offset, records }: Beginning): void {
    if (records === null) return
    const foundation = this.#foundationOf(topic)
    this.#observer.beginsAtOldest?.({ sink: this.#sink, group, foundation, offset, records })
  }

  outOfRange(topic: string, from: bigint, to: bigint): void {
    this.#observer.outOfRange?.({
      sink: this.#sink,
      topic,
      foundation: this.#foundationOf(topic),
      from,
      to,
    })
  }

  #foundationOf(topic: string): string {
    return this.#names.foundationOf(topic) ?? topic
  }
}
