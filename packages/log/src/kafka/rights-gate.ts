import { asError, type Clock } from '@cf-audit-drain/pipeline'
import type { KafkaClient } from './kafka-client.ts'
import { KafkaStateError, KafkaUnavailableError } from './kafka-error.ts'
import { type KafkaOptions, limits } from './kafka-options.ts'
import { missingRights, TransactionsRefusedError } from './missing-rights.ts'
import { lackingRights, loginRefused, mayLackRights, type Right } from './refused.ts'
import { transactionsRefused } from './transactions-refused.ts'
import { within } from './within.ts'

const sameAnswerMs = 10_000

/**
 * Says which rights are missing. A part that never worked has to be mended by the operator (KafkaStateError); one that did
 * waits for them (KafkaUnavailableError), because rights and passwords are changed, and changed back, under running
 * programs.
 */
export class RightsGate {
  readonly #client: KafkaClient
  readonly #options: KafkaOptions
  readonly #clock: Clock
  readonly #served = new Set<string>()
  readonly #told = new Map<string, { readonly atMs: number; readonly error: Error }>()

  constructor(client: KafkaClient, options: KafkaOptions, clock: Clock) {
    this.#client = client
    this.#options = options
    this.#clock = clock
  }

  hasServed(part: string): boolean {
    return this.#served.has(part)
  }

  served(part: string): void {
    this.#served.add(part)
  }

  /** What cannot be found out here is left to whoever needs it. */
  async demand(part: string, rights: readonly Right[]): Promise<void> {
    const error = await this.#lack(part, rights)
    if (error !== null) throw error
  }

  /** A refusal of the brokers with what is lacking, any other error as it is. */
  async explained(part: string, rights: readonly Right[], error: unknown): Promise<Error> {
    const refused = loginRefused(error)
    // Whoever was never let in was told so when he connected.
    if (refused !== null && !isOurs(error)) return new KafkaUnavailableError(refused, { cause: error })
    if (!mayLackRights(error)) return asError(error)
    const told = this.#told.get(part)
    if (told !== undefined && this.#clock.monotonic() - told.atMs < sameAnswerMs) return told.error
    const explained = (await this.#lack(part, rights)) ?? asError(error)
    this.#told.set(part, { atMs: this.#clock.monotonic(), error: explained })
    return explained
  }

  async #lack(part: string, rights: readonly Right[]): Promise<Error | null> {
    try {
      const missing = await within(this.#clock, limits.requestMs, 'looking at rights', this.#missing(rights))
      if (missing.length === 0) return null
      const error = lackingRights(missing, this.#options)
      return this.#served.has(part) ? new KafkaUnavailableError(error.message) : error
    } catch (error) {
      return error instanceof TransactionsRefusedError ? transactionsRefused(error) : null
    }
  }

  async #missing(rights: readonly Right[]): Promise<readonly Right[]> {
    const cluster = await this.#client.newCluster({ isQuiet: true })
    try {
      return await missingRights(cluster, rights, this.#clock)
    } finally {
      cluster.disconnect().catch(() => undefined)
    }
  }
}

function isOurs(error: unknown): boolean {
  return error instanceof KafkaStateError || error instanceof KafkaUnavailableError
}
