import type { TestContext } from 'node:test'
import { type NameLookups, nameLookups } from '@cf-audit-drain/cloud-foundry'
import { createScrubber, type EventNames, parseAuditEvent, splitEventPage } from '@cf-audit-drain/event'
import {
  type Foundation,
  type Resource,
  type SimulatedRow,
  type SimulatorOptions,
  startFoundation,
} from '@cf-audit-drain/foundation-simulator'
import type { NameRecord } from '@cf-audit-drain/log'
import { seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { Naming, type NamingDeps } from '../naming.ts'

/** `00000001-…`: a UUID that one can tell apart by eye. */
export function uuid(number: number): string {
  return `${number.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`
}

export const nowSec = () => Math.floor(systemClock.now() / 1000)

/** A simulated foundation that is asked for names over HTTP, and whoever asks. */
export class NamedFoundation {
  foundation!: Foundation
  lookups!: NameLookups
  naming!: Naming
  readonly failures: string[] = []
  readonly #end = new AbortController()
  readonly #deps: Partial<NamingDeps>
  readonly #waitMs: number
  readonly #kept = new Map<string, NameRecord>()

  private constructor(waitMs: number, deps: Partial<NamingDeps>) {
    this.#waitMs = waitMs
    this.#deps = deps
  }

  static async make(
    t: TestContext,
    options: { readonly waitMs?: number; readonly simulator?: SimulatorOptions } = {},
    deps: Partial<NamingDeps> = {},
  ): Promise<NamedFoundation> {
    const made = new NamedFoundation(options.waitMs ?? 10_000, deps)
    made.foundation = await startFoundation({ random: seededRandom(1), ...options.simulator })
    const { api, clientId, clientSecret } = made.foundation
    made.lookups = nameLookups(
      { name: 'test', api, clientId, clientSecret, maxInFlight: 4 },
      { clock: systemClock, random: seededRandom(2), env: {} },
    )
    made.begin()
    t.after(async () => {
      made.end()
      await made.lookups.close()
      await made.foundation.close()
    })
    return made
  }

  /** As after a restart: what is known comes from what was kept. */
  begin(deps: Partial<NamingDeps> = {}): void {
    this.naming = new Naming(
      { waitMs: this.#waitMs },
      {
        clock: systemClock,
        lookups: this.lookups,
        signal: this.#end.signal,
        onFailure: (kind, error) => this.failures.push(`${kind}: ${error.message}`),
        ...this.#deps,
        ...deps,
      },
    )
  }

  async restart(): Promise<void> {
    for (const record of this.naming.takeChanges()) this.#kept.set(record.key, record)
    this.begin()
    await this.naming.restore(this.#log())
  }

  /** What the log would have kept. */
  async *#log(): AsyncGenerator<NameRecord> {
    yield* this.#kept.values()
  }

  has(collection: string, ...resources: readonly Resource[]): void {
    this.foundation.collections.add(collection, resources)
  }

  /** The names of these events, in their order, read as one page. */
  async namesOf(...rows: readonly SimulatedRow[]): Promise<readonly EventNames[]> {
    const guids = this.foundation.insert(rows)
    const texts = guids.map(guid => this.foundation.text(guid))
    const body = `{"pagination":{"total_results":${guids.length}},"resources":[${texts.join(',')}]}`
    const page = splitEventPage(body).resources
    const scrubber = createScrubber({ key: Buffer.alloc(32, 7) })
    await this.naming.prepare(page)
    return page.map(row => {
      const context = { foundation: 'test', scrubber, provenance: 'live', receivedAtMs: 0 } as const
      return this.naming.namesOf(row, parseAuditEvent(row, context))
    })
  }

  /** Ends what is under way. */
  end(): void {
    this.#end.abort(new Error('the session is over'))
  }

  async until(condition: () => boolean): Promise<void> {
    const giveUpMs = systemClock.monotonic() + 10_000
    while (!condition()) {
      if (systemClock.monotonic() > giveUpMs) throw new Error(`gave up waiting for ${condition}`)
      await systemClock.sleep(5)
    }
  }

  /** How often a collection was asked for. */
  asked(collection: string): number {
    return this.foundation.requests.byPath.get(`/v3/${collection}`) ?? 0
  }
}
