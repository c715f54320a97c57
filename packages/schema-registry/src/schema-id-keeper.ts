import { type ReleasedSchema, releasedSchemas, schemaFingerprint } from '@cf-audit-drain/event'
import type { KeptSchemaIds, SchemaIds } from '@cf-audit-drain/log/kafka'
import { asError, type Clock } from '@cf-audit-drain/pipeline'
import type { RegistryClient } from './registry-client.ts'
import { subjectOf } from './subject.ts'
import { type KnownId, TopicIds } from './topic-ids.ts'

export interface KeeperDeps {
  readonly clock: Clock
  /** Something an operator should know of, in one sentence without secrets; each as often as it begins to be true. */
  readonly warn: (sentence: string) => void
  readonly inform: (sentence: string) => void
}

/** How often the registry is asked when all is well, and when something is missing or not said a second time. */
const confirmMs = 300_000
const againMs = 30_000

export interface RegistryStatus {
  readonly url: string
  /** For one topic at least; null before the first answer or failure. */
  readonly isReachable: boolean | null
  /** Of the newest round, the first topic that failed; null when none did. */
  readonly lastError: string | null
  readonly lastAnswerAt: string | null
  readonly topics: readonly TopicStatus[]
}

export interface TopicStatus {
  readonly topic: string
  readonly subject: string
  readonly schemas: readonly (Pick<ReleasedSchema, 'version' | 'fingerprint'> & KnownId)[]
  /** How many schemas have no id: their events are written as single objects. */
  readonly missing: number
}

/**
 * The ids of the released schemas at a registry. Looks them up and never registers. Whoever writes asks `idOf` and never
 * waits: ids are known from the registry, from what the last writer kept beside the events, or not at all.
 */
export class SchemaIdKeeper implements SchemaIds {
  readonly #client: RegistryClient
  readonly #deps: KeeperDeps
  readonly #topics: ReadonlyMap<string, TopicIds>
  readonly #schemas = releasedSchemas()
  readonly #confirmed = new Set<string>()
  readonly #firstRound = Promise.withResolvers<void>()
  #isReachable: boolean | null = null
  #lastError: string | null = null
  #lastAnswerMs: number | null = null

  constructor(client: RegistryClient, topics: readonly string[], deps: KeeperDeps) {
    this.#client = client
    this.#deps = deps
    this.#topics = new Map(topics.map(topic => [topic, new TopicIds(topic, deps.warn)]))
  }

  /** Resolves when the registry was asked once for everything, or has failed. */
  get asked(): Promise<void> {
    return this.#firstRound.promise
  }

  idOf(topic: string, fingerprint: string): number | null {
    return this.#topics.get(topic)?.idOf(fingerprint) ?? null
  }

  kept(topic: string): KeptSchemaIds | null {
    const known = this.#topics.get(topic)
    return known?.isKnown ? { registry: this.#client.url, ids: known.ids } : null
  }

  recall(topic: string, { registry, ids }: KeptSchemaIds): void {
    const known = this.#topics.get(topic)
    if (registry !== this.#client.url || known === undefined) return
    const hadNone = !known.isKnown
    known.recall(ids)
    if (hadNone && known.isKnown && this.#lastError !== null)
      this.#deps.inform(
        `events are written to ${topic} with the ids that an earlier writer kept in the log, until the schema registry answers`,
      )
  }

  status(): RegistryStatus {
    return {
      url: this.#client.url,
      isReachable: this.#isReachable,
      lastError: this.#lastError,
      lastAnswerAt: this.#lastAnswerMs === null ? null : new Date(this.#lastAnswerMs).toISOString(),
      topics: [...this.#topics].map(([topic, ids]) => {
        const schemas = this.#schemas.map(({ version, fingerprint }) => ({
          version,
          fingerprint,
          ...ids.known(fingerprint),
        }))
        const missing = schemas.filter(({ id }) => id === null).length
        return { topic, subject: subjectOf(topic), schemas, missing }
      }),
    }
  }

  /** Asks until the signal is aborted. Never ends in an error. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        const isWell = await this.#round(signal)
        this.#firstRound.resolve()
        await this.#deps.clock.sleep(isWell ? confirmMs : againMs, signal)
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      this.#firstRound.resolve()
    }
  }

  /** Whether every schema has an id that the registry has just confirmed. */
  async #round(signal: AbortSignal): Promise<boolean> {
    let isWell = true
    const failures: string[] = []
    for (const [topic, ids] of this.#topics)
      try {
        isWell = (await this.#ask(topic, ids, signal)) && isWell
      } catch (error) {
        signal.throwIfAborted()
        // Of whatever kind: nobody may end or wait because of a registry, nor a topic because of another.
        failures.push(asError(error).message)
      }
    const [failure] = failures
    const isReachable = failures.length < Math.max(1, this.#topics.size)
    if (isReachable && this.#isReachable === false) this.#deps.inform('the schema registry answers again')
    this.#isReachable = isReachable
    if (failure !== undefined) this.#failed(failure)
    else this.#lastError = null
    return isWell && failure === undefined
  }

  /** Whether every schema has an id under this topic that the registry has just confirmed. */
  async #ask(topic: string, ids: TopicIds, signal: AbortSignal): Promise<boolean> {
    let isWell = true
    for (const schema of this.#schemas) {
      const id = await this.#lookUp(topic, schema, signal)
      this.#lastAnswerMs = this.#deps.clock.now()
      ids.answered(schema, id)
      isWell &&= ids.known(schema.fingerprint).from === 'registry'
    }
    return isWell
  }

  /** Null also for an id that would give a consumer something else. */
  async #lookUp(topic: string, schema: ReleasedSchema, signal: AbortSignal): Promise<number | null> {
    const id = await this.#client.idOf(subjectOf(topic), schema.text, signal)
    if (id === null) return null
    const name = `${id} ${schema.fingerprint}`
    if (!this.#confirmed.has(name)) {
      const text = await this.#client.schemaById(id, signal)
      if (text === null || schemaFingerprint(text) !== schema.fingerprint) return null
      this.#confirmed.add(name)
    }
    return id
  }

  #failed(sentence: string): void {
    if (sentence !== this.#lastError) {
      const withoutIds = [...this.#topics].filter(([, { ids }]) => Object.keys(ids).length === 0)
      const meanwhile =
        withoutIds.length === 0
          ? 'events are written with the ids that are known'
          : `no ids are known yet for ${withoutIds.map(([topic]) => topic).join(', ')}: events are written with those that an earlier writer kept in the log, and where it kept none as Avro single objects`
      this.#deps.warn(`${sentence}; ${meanwhile}`)
    }
    this.#lastError = sentence
  }
}
