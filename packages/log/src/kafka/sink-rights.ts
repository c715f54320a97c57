import { asError } from '@cf-audit-drain/pipeline'
import type { FirstTopics } from './first-topics.ts'
import type { KafkaClient } from './kafka-client.ts'
import { KafkaStateError, KafkaUnavailableError } from './kafka-error.ts'
import type { Names } from './names.ts'
import type { Right } from './refused.ts'
import { sinkRights } from './rights.ts'
import type { RightsGate } from './rights-gate.ts'
import type { NamedTopics } from './sink-topics.ts'
import { requireOnePartition } from './topics.ts'

export interface SinkRightsDoor {
  readonly client: KafkaClient
  readonly names: Names
  readonly gate: RightsGate
  readonly firstTopics: FirstTopics
  /** The foundations of the configuration. */
  readonly foundations: readonly string[]
}

/** What the sinks of a process may read, and which right is lacking where they may not. */
export class SinkRights {
  readonly #door: SinkRightsDoor

  constructor(door: SinkRightsDoor) {
    this.#door = door
  }

  /**
   * Whatever is wrong with them is told at the first look; later it is told by reading. Topics that are not shown are left to
   * whoever asks for them by name: a right to them may come at any time.
   */
  async topics(sink: string): Promise<NamedTopics> {
    const { client, names, gate, firstTopics } = this.#door
    const part = partOf(sink)
    const all = await client.topicNames()
    const shown = names.eventsAmong(all)
    const configured = this.#door.foundations.map(one => names.events(one))
    const named = { shown, implied: names.eventsBeside(all), configured }
    if (gate.hasServed(part)) return named
    const unseen = configured.filter(topic => !shown.includes(topic))
    const ofUnseen = this.#topicsOf(unseen)
    const lacking = await gate.demand(part, this.#rights(sink, [...shown, ...unseen]), right =>
      ofUnseen.has(right.name),
    )
    if (shown.length > 0) await client.asAdmin(admin => requireOnePartition(admin, shown))
    if (!lacking.some(({ name }) => unseen.includes(name))) firstTopics.seen(sink, shown)
    if (shown.length > 0) gate.served(part)
    return named
  }

  async requireGroup(sink: string): Promise<void> {
    await this.#door.gate.demand(partOf(sink), this.#ofGroup(sink))
  }

  /** Of a group that is shown and does not tell its place. */
  whyNoPlace(sink: string, error: unknown): Promise<Error> {
    return this.#door.gate.explained(`place of ${sink}`, this.#ofGroup(sink), error)
  }

  /** The brokers do not show a group that is there to those who may not see it. */
  async whyHidden(sink: string, topics: readonly string[]): Promise<Error> {
    try {
      await this.#door.gate.demand(partOf(sink), this.#rights(sink, topics))
    } catch (error) {
      return asError(error)
    }
    return new KafkaUnavailableError(`the brokers show no group ${this.#door.names.sinkGroup(sink)}`)
  }

  /** A refusal of the brokers with what is lacking of one topic, or of `all` when it is null; any other error as it is. */
  async explained(
    sink: string,
    error: Error,
    topic: string | null,
    all: ReadonlySet<string>,
  ): Promise<Error> {
    // What a question that was not answered has failed with says nothing more.
    const { away } = this.#door.client
    if (away !== null && !(error instanceof KafkaStateError)) return away
    const ofTopic = this.#topicsOf(topic === null ? [] : [topic])
    const concerns = (right: Right) => topic === null || isOfGroup(right) || ofTopic.has(right.name)
    return this.#door.gate.explained(partOf(sink), this.#rights(sink, [...all]), error, concerns)
  }

  #ofGroup(sink: string): readonly Right[] {
    return this.#rights(sink, []).filter(isOfGroup)
  }

  #rights(sink: string, topics: readonly string[]): readonly Right[] {
    return sinkRights(this.#door.names, sink, this.#foundationsOf(topics))
  }

  /** Topics of events, and those that are read with them. */
  #topicsOf(topics: readonly string[]): ReadonlySet<string> {
    return new Set([...topics, ...this.#foundationsOf(topics).map(one => this.#door.names.state(one))])
  }

  #foundationsOf(topics: readonly string[]): readonly string[] {
    return topics.flatMap(topic => this.#door.names.foundationOf(topic) ?? [])
  }
}

const partOf = (sink: string) => `sink ${sink}`

const isOfGroup = ({ resource }: Right) => resource === 'group'
