export interface TopicsDoor {
  /** Topics of events that this login is shown. */
  eventTopics(): Promise<readonly string[]>
  /** Those of the topics that this login is not let see. */
  hiddenTopics(topics: readonly string[]): Promise<ReadonlySet<string>>
}

/** What a look at the topics has found. */
export interface TopicsLook {
  /** To be read. */
  readonly shown: ReadonlySet<string>
  readonly hidden: ReadonlySet<string>
  /** Those that are hidden no more, whether they are there or not. */
  readonly unhidden: ReadonlySet<string>
  /** Since the last look. */
  readonly deleted: ReadonlySet<string>
}

const none: ReadonlySet<string> = new Set()

/**
 * The topics of a sink from look to look. Kafka shows a topic only to those who may do something with it: one that it
 * shows no more was deleted, or the right to it was taken away, and it says which only when asked for it by name.
 */
export class SinkTopics {
  readonly #door: TopicsDoor
  #known = none
  #hidden = none

  constructor(door: TopicsDoor) {
    this.#door = door
  }

  /** All that were shown once and are not known to be deleted. */
  get known(): ReadonlySet<string> {
    return this.#known
  }

  /** As of the last look. */
  get hidden(): ReadonlySet<string> {
    return this.#hidden
  }

  async look(): Promise<TopicsLook> {
    const shown = new Set(await this.#door.eventTopics())
    const missed = this.#known.difference(shown)
    const hidden = missed.size === 0 ? none : await this.#door.hiddenTopics([...missed])
    const unhidden = this.#hidden.difference(hidden)
    this.#known = shown.union(hidden)
    this.#hidden = hidden
    return { shown, hidden, unhidden, deleted: missed.difference(hidden) }
  }
}

/** Told as what the brokers would say to whoever reads the topic nevertheless. */
export class HiddenTopicError extends Error {
  override readonly name = 'HiddenTopicError'
  readonly type = 'TOPIC_AUTHORIZATION_FAILED'

  constructor(topic: string) {
    super(`Kafka does not let this login see the topic ${topic} any more`)
  }
}
