import type { GroupMembership } from './group-membership.ts'
import { type Beginning, beginningOf } from './half-migrated.ts'
import { type ReadingTroubles, reading } from './reading-troubles.ts'
import type { SinkNews } from './sink-news.ts'
import type { SinkSourceDoor } from './sink-source-door.ts'

const beginAgainMs = 5_000

export interface BeginningsDoor {
  readonly news: SinkNews
  readonly troubles: ReadingTroubles
  readonly closing: AbortSignal
  readFrom(topic: string, offset: bigint): void
}

/** The membership in whose name a topic is begun. */
export interface BegunFor {
  readonly group: string
  readonly joined: Promise<GroupMembership>
  /** Whether the group has not been shared out since. */
  isCurrent(): boolean
}

/** Registers a sink with the foundations that its group has had nothing of. */
export class SinkBeginnings {
  readonly #source: SinkSourceDoor
  readonly #door: BeginningsDoor
  /** Those that could not be begun, until they are, or are another's. While the group is shared out nobody knows. */
  readonly #troubled = new Set<string>()

  constructor(source: SinkSourceDoor, door: BeginningsDoor) {
    this.#source = source
    this.#door = door
  }

  /** Before it has any of it; tried until it is another's. Never rejects. */
  async begin(topic: string, { group, joined, isCurrent }: BegunFor): Promise<void> {
    const { news, troubles, closing, readFrom } = this.#door
    let unknown: Beginning | null = null
    while (isCurrent() && !closing.aborted)
      try {
        const beginning = await beginningOf(topic, group, this.#source)
        if (!isCurrent()) break
        if (beginning.records !== null) unknown ??= beginning
        await (await joined).commit(topic, beginning.offset, isCurrent)
        // Whoever comes next finds a place and would not tell, be it a second try whose first lost only its answer.
        news.begins(topic, group, unknown ?? beginning)
        if (isCurrent()) {
          this.begun(topic)
          readFrom(topic, beginning.offset)
        }
        break
      } catch (error) {
        if (isCurrent()) {
          this.#troubled.add(topic)
          troubles.has(reading.beginning(topic), error)
        }
        await this.#source.clock.sleep(beginAgainMs, closing).catch(() => undefined)
      }
  }

  /** Its group knows a place there. */
  begun(topic: string): void {
    if (this.#troubled.delete(topic)) this.#door.troubles.over(reading.beginning(topic))
  }

  /** The others are not ours, or not there any more. */
  keepOnly(topics: ReadonlySet<string>): void {
    for (const topic of this.#troubled) if (!topics.has(topic)) this.begun(topic)
  }
}
