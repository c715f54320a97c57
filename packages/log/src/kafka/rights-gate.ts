import { asError, type Clock } from '@cf-audit-drain/pipeline'
import type { KafkaClient } from './kafka-client.ts'
import { KafkaStateError, KafkaUnavailableError } from './kafka-error.ts'
import { type KafkaOptions, limits } from './kafka-options.ts'
import { missingRights, TransactionsRefusedError } from './missing-rights.ts'
import { lackingRights, loginRefused, mayLackRights, type Right } from './refused.ts'
import { transactionsRefused } from './transactions-refused.ts'
import { within } from './within.ts'

const sameAnswerMs = 10_000

/** The rights that are missing; none, too, where that could not be found out. */
type Found = readonly Right[] | Error

/** A part of this process lacks rights that it has worked with: they are waited for. */
export class RightsWithdrawnError extends KafkaUnavailableError {}

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
  readonly #looks = new Map<string, { readonly atMs: number; readonly found: Promise<Found> }>()

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

  /**
   * What cannot be found out here is left to whoever needs it. Resolves to the rights whose lack `isBorne`: they are refused
   * only together with others.
   */
  async demand(
    part: string,
    rights: readonly Right[],
    isBorne: (right: Right) => boolean = () => false,
  ): Promise<readonly Right[]> {
    const found = await this.#look(rights)
    if (found instanceof Error) throw found
    if (!found.every(isBorne)) throw this.#refusal(part, found)
    return found
  }

  /**
   * A refusal of the brokers with what is lacking of the rights, any other error as it is. `concerns`: which of them the
   * error can be about.
   */
  async explained(
    part: string,
    rights: readonly Right[],
    error: unknown,
    concerns: (right: Right) => boolean = () => true,
  ): Promise<Error> {
    const refused = loginRefused(error)
    // Whoever was never let in was told so when he connected.
    if (refused !== null && !isOurs(error)) return new KafkaUnavailableError(refused, { cause: error })
    if (!mayLackRights(error)) return asError(error)
    const found = await this.#lately(part, rights)
    if (found instanceof Error) return found
    const missing = found.filter(concerns)
    return missing.length > 0 ? this.#refusal(part, missing) : asError(error)
  }

  /** However many ask for a part at once, the brokers are asked once. */
  #lately(part: string, rights: readonly Right[]): Promise<Found> {
    const atMs = this.#clock.monotonic()
    const last = this.#looks.get(part)
    if (last !== undefined && atMs - last.atMs < sameAnswerMs) return last.found
    const found = this.#look(rights)
    this.#looks.set(part, { atMs, found })
    return found
  }

  #refusal(part: string, missing: readonly Right[]): Error {
    const error = lackingRights(missing, this.#options)
    return this.#served.has(part) ? new RightsWithdrawnError(error.message) : error
  }

  async #look(rights: readonly Right[]): Promise<Found> {
    try {
      return await within(this.#clock, limits.requestMs, 'looking at rights', this.#missing(rights))
    } catch (error) {
      return error instanceof TransactionsRefusedError ? transactionsRefused(error) : []
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
