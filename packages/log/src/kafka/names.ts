/**
 * What the log is called on the brokers. `prefix` is `cf-audit` unless configured; foundation and sink names hold only
 * what Kafka allows in a topic name (letters, digits, `.`, `_`, `-`), the configuration sees to that.
 *
 *   cf-audit.events.<foundation>        topic, one partition: the events in their order
 *   cf-audit.state.<foundation>         topic, one partition, compacted: mirror of the checkpoint, tallies
 *   cf-audit.ledger.<foundation>        topic, one partition, compacted: the completeness ledger, by window
 *   cf-audit.dead-letters               topic, one partition
 *   cf-audit.checkpoint.<foundation>    consumer group without members: the checkpoint, as metadata of its offset
 *   cf-audit.sink.<sink>                consumer group of the workers of one sink
 *   cf-audit.pollers                    consumer group of the pollers, which shares the foundations out
 *   cf-audit.poller.<foundation>        transactional id
 */
export class Names {
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  events(foundation: string): string {
    return `${this.#prefix}.events.${foundation}`
  }

  /** The foundation whose events a topic holds; null for any other topic. */
  foundationOf(topic: string): string | null {
    const start = this.events('')
    return topic.startsWith(start) && topic.length > start.length ? topic.slice(start.length) : null
  }

  /** The topics of events among these, in their order by name. */
  eventsAmong(topics: readonly string[]): readonly string[] {
    return topics.filter(topic => this.foundationOf(topic) !== null).toSorted()
  }

  state(foundation: string): string {
    return `${this.#prefix}.state.${foundation}`
  }

  /** The topics of events of the foundations that have one of state among these. */
  eventsBeside(topics: readonly string[]): readonly string[] {
    const start = this.state('')
    return topics
      .filter(topic => topic.startsWith(start) && topic.length > start.length)
      .map(topic => this.events(topic.slice(start.length)))
  }

  ledger(foundation: string): string {
    return `${this.#prefix}.ledger.${foundation}`
  }

  get deadLetters(): string {
    return `${this.#prefix}.dead-letters`
  }

  checkpointGroup(foundation: string): string {
    return `${this.#prefix}.checkpoint.${foundation}`
  }

  sinkGroup(sink: string): string {
    return `${this.#prefix}.sink.${sink}`
  }

  /** The sink whose workers are this consumer group; null for any other group. */
  sinkOf(group: string): string | null {
    const start = this.sinkGroup('')
    return group.startsWith(start) && group.length > start.length ? group.slice(start.length) : null
  }

  get pollerGroup(): string {
    return `${this.#prefix}.pollers`
  }

  transactionalId(foundation: string): string {
    return `${this.#prefix}.poller.${foundation}`
  }
}
