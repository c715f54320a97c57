import { type RawEvent, splitEventPage } from '@cf-audit-drain/event'
import { guidsQuery } from './asked-by-guid.ts'
import { auditEventsPath, perPageMax } from './audit-events-path.ts'
import { BrokenAnswerError, type FaultFacts } from './errors.ts'
import type { Answer } from './exchange.ts'
import { FoundationClient } from './foundation-client.ts'
import type { Deps, FoundationOptions } from './options.ts'
import { isObject, objectsIn, parsedObject } from './parsed-object.ts'
import type { RateLimit } from './retry-after.ts'
import { triedOnce } from './retrying.ts'
import type { TokenSource } from './token-keeper.ts'

/** Of all guids of one request together; beyond it even 150 would not fit. */
export const lookupBytesMax = 6_000

/** What is asked for by guid, and what is asked to come with it. */
const extras = {
  organizations: '',
  spaces: '&include=organization',
  apps: '',
  processes: '',
  routes: '',
  service_instances: '&fields[service_plan]=guid,name&fields[service_plan.service_offering]=guid,name',
  service_plans: '&include=service_offering',
  service_offerings: '&fields[service_broker]=guid,name',
  service_brokers: '',
  users: '',
} as const

export type LookupCollection = keyof typeof extras

export interface LookupAnswer {
  /** Those of the guids that Cloud Controller shows; the others are deleted, or hidden from this client. */
  readonly resources: readonly Readonly<Record<string, unknown>>[]
  readonly included: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>
}

/** One page of the events of some types. */
export interface TypedEventsQuery {
  readonly types: readonly string[]
  readonly fromSec: number
  readonly toSec: number
  /** 1 for the first. */
  readonly page: number
}

/**
 * Looks things up by guid, over connections of its own: nothing asked here waits in the way of audit events. A request is
 * made once; who asks decides about another. Throws only CloudFoundryErrors, the signal's reason, and RangeError.
 */
export interface NameLookups {
  lookup(collection: LookupCollection, guids: readonly string[], signal: AbortSignal): Promise<LookupAnswer>
  /** Oldest first, `perPageMax` at most; an empty page is the last. */
  events(query: TypedEventsQuery, signal: AbortSignal): Promise<readonly RawEvent[]>
  /** As last seen here; null without a rate limiter, or for a client that is exempt. */
  readonly rateLimit: RateLimit | null
  /** Safe twice. */
  close(): Promise<void>
}

/** Connects nothing yet. `tokens`: of the client that polls, if there is one. @throws RefusedUrlError */
export function nameLookups(
  options: FoundationOptions,
  deps: Deps,
  tokens: TokenSource | null = null,
): NameLookups {
  const client = new FoundationClient({ ...options, retry: triedOnce }, deps, tokens)
  return {
    lookup: async (collection, guids, signal) =>
      client.get(lookupPath(collection, guids), (answer, facts) => readList(answer, facts), signal),
    events: async ({ types, fromSec, toSec, page }, signal) => {
      const path = `${auditEventsPath({ fromSec, toSec }, page, perPageMax)}&types=${types.join(',')}`
      return client.get(path, (answer, facts) => readEvents(answer, facts), signal)
    },
    get rateLimit() {
      return client.rateLimit
    },
    close: () => client.close(),
  }
}

/** @throws RangeError for more guids than a request line takes, and for text that is no guid */
export function lookupPath(collection: LookupCollection, guids: readonly string[]): string {
  return `/v3/${collection}?${guidsQuery(guids)}${extras[collection]}`
}

function readList(answer: Answer, facts: FaultFacts): LookupAnswer {
  const body = parsedObject(answer.text)
  const resources = objectsIn(body?.['resources'])
  if (resources === null)
    throw new BrokenAnswerError(
      `the answer of Cloud Controller is no list (${answer.bytes} bytes); nothing of it counts`,
      facts,
    )
  const shown = body?.['included']
  const included = Object.entries(isObject(shown) ? shown : {}).map(
    ([name, list]) => [name, objectsIn(list) ?? []] as const,
  )
  return { resources, included: Object.fromEntries(included) }
}

function readEvents(answer: Answer, facts: FaultFacts): readonly RawEvent[] {
  try {
    return splitEventPage(answer.text).resources
  } catch (error) {
    throw new BrokenAnswerError(
      `the answer of Cloud Controller is no page of audit events (${String((error as Error).message)})`,
      facts,
    )
  }
}
