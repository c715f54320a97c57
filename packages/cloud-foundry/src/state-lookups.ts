import { guidsQuery, nullIfGone } from './asked-by-guid.ts'
import { BrokenAnswerError, type FaultFacts } from './errors.ts'
import type { Answer } from './exchange.ts'
import { FoundationClient } from './foundation-client.ts'
import type { Deps, FoundationOptions } from './options.ts'
import { isObject, objectsIn, parsedObject } from './parsed-object.ts'
import type { RateLimit } from './retry-after.ts'
import { triedOnce } from './retrying.ts'
import type { TokenSource } from './token-keeper.ts'

type Resource = Readonly<Record<string, unknown>>

/** How many rows a page has, and what is asked to come with it. A security group may name thousands of spaces. */
const collections = {
  apps: 'per_page=500&include=space',
  domains: 'per_page=100',
  feature_flags: 'per_page=100',
  isolation_segments: 'per_page=200',
  organization_quotas: 'per_page=100',
  roles: 'per_page=500&include=user,space',
  security_groups: 'per_page=50',
  space_quotas: 'per_page=100',
  spaces: 'per_page=500',
} as const

export type StateCollection = keyof typeof collections

export interface StatePage {
  readonly resources: readonly Resource[]
  /** Of roles only. */
  readonly users: readonly Resource[]
  /** Of roles and apps: they do not say themselves which organization their space is in. */
  readonly spaces: readonly Resource[]
  readonly totalResults: number
  readonly totalPages: number
}

/** What is one object at a path of its own. */
export type StateDocument =
  | `/v3/environment_variable_groups/${'running' | 'staging'}`
  | `/v3/isolation_segments/${string}/relationships/organizations`
  | `/v3/${'spaces' | 'apps'}/${string}/features/ssh`

/**
 * Reads what Cloud Controller is set to, over connections of its own: nothing asked here waits in the way of audit events. A
 * request is made once; who asks decides about another. Throws only CloudFoundryErrors, the signal's reason, and RangeError.
 */
export interface StateLookups {
  /** `number`: 1 for the first. */
  page(collection: StateCollection, number: number, signal: AbortSignal): Promise<StatePage>
  /** Those of the guids (150 at most) that Cloud Controller shows; the others are gone, or hidden from this client. */
  shown(
    collection: StateCollection,
    guids: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly string[]>
  /** Null when what it belongs to is gone, or hidden. */
  document(path: StateDocument, signal: AbortSignal): Promise<Resource | null>
  /** As last seen here; null without a rate limiter, or for a client that is exempt. */
  readonly rateLimit: RateLimit | null
  /** Safe twice. */
  close(): Promise<void>
}

/** Connects nothing yet. `tokens`: of the client that polls, if there is one. @throws RefusedUrlError */
export function stateLookups(
  options: FoundationOptions,
  deps: Deps,
  tokens: TokenSource | null = null,
): StateLookups {
  const client = new FoundationClient({ ...options, retry: triedOnce }, deps, tokens)
  return {
    page: (collection, number, signal) =>
      client.get(`/v3/${collection}?page=${number}&${collections[collection]}`, readPage, signal),
    shown: async (collection, guids, signal) => {
      const path = `/v3/${collection}?${guidsQuery(guids)}`
      const { resources, totalResults } = await client.get(path, readPage, signal)
      const found = resources.map(({ guid }) => String(guid))
      // A part of the answer would make things look gone that are not.
      return found.length === totalResults ? found : guids
    },
    document: (path, signal) => nullIfGone(client.get(path, readObject, signal)),
    get rateLimit() {
      return client.rateLimit
    },
    close: () => client.close(),
  }
}

function readPage(answer: Answer, facts: FaultFacts): StatePage {
  const { pagination, resources, included } = readObject(answer, facts)
  const rows = objectsIn(resources)
  const { total_results: totalResults, total_pages: totalPages } = isObject(pagination) ? pagination : {}
  if (rows === null || typeof totalResults !== 'number' || typeof totalPages !== 'number')
    throw broken('no list', answer, facts)
  const [users, spaces] = ['users', 'spaces'].map(
    name => objectsIn(isObject(included) ? included[name] : undefined) ?? [],
  )
  return { resources: rows, users: users ?? [], spaces: spaces ?? [], totalResults, totalPages }
}

function readObject(answer: Answer, facts: FaultFacts): Resource {
  const body = parsedObject(answer.text)
  if (body === null) throw broken('no object', answer, facts)
  return body
}

function broken(what: string, { bytes }: Answer, facts: FaultFacts): BrokenAnswerError {
  const sentence = `the answer of Cloud Controller is ${what} (${bytes} bytes); nothing of it counts`
  return new BrokenAnswerError(sentence, facts)
}
