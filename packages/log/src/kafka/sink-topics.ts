export interface TopicsDoor {
  topics(): Promise<NamedTopics>
  /** Those of the topics that this login is not let see. */
  hiddenTopics(topics: readonly string[]): Promise<ReadonlySet<string>>
}

/** Topics of events. */
export interface NamedTopics {
  /** Those that this login is shown. */
  readonly shown: readonly string[]
  /** Those that must be there, or have been, since others of their foundation are. */
  readonly implied: readonly string[]
  /** Those of the configured foundations: they need not be there yet. */
  readonly configured: readonly string[]
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
 * shows no more, or not though it shows others of the foundation, was deleted, or there is no right to it; one of a
 * configured foundation may not be there yet, too. It says which only when asked for the topic by name.
 */
export class SinkTopics {
  readonly #door: TopicsDoor
  #known = none
  #hidden = none
  /** Those of the known that are, or were, there for certain. */
  #proven = none

  constructor(door: TopicsDoor) {
    this.#door = door
  }

  /** All that were shown once, or are hidden, and are not known to be deleted, or not there. */
  get known(): ReadonlySet<string> {
    return this.#known
  }

  /** As of the last look. */
  get hidden(): ReadonlySet<string> {
    return this.#hidden
  }

  async look(): Promise<TopicsLook> {
    const topics = await this.#door.topics()
    const shown = new Set(topics.shown)
    const named = new Set([...topics.implied, ...topics.configured])
    const missed = this.#known.union(named).difference(shown)
    const hidden = missed.size === 0 ? none : await this.#door.hiddenTopics([...missed])
    const unhidden = this.#hidden.difference(hidden)
    const deleted = this.#proven.difference(shown).difference(hidden)
    this.#known = shown.union(hidden)
    this.#proven = this.#proven.union(shown).union(new Set(topics.implied)).intersection(this.#known)
    this.#hidden = hidden
    return { shown, hidden, unhidden, deleted }
  }
}

/** Told as what the brokers would say to whoever reads the topic nevertheless. */
export class HiddenTopicError extends Error {
  override readonly name = 'HiddenTopicError'
  readonly type = 'TOPIC_AUTHORIZATION_FAILED'

  constructor(topic: string) {
    super(`Kafka does not let this login see the topic ${topic}`)
  }
}
