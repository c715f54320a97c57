import { MalformedPageError, type RawEvent, rawCreatedAtSec, splitEventPage } from '@cf-audit-drain/event'
import { auditEventsPath, type EventWindow, type TimeWindow } from './audit-events-path.ts'
import type { Discovery } from './discovery.ts'
import { BrokenAnswerError, type FaultFacts, NotPermittedError } from './errors.ts'
import type { Answer } from './exchange.ts'
import { FoundationClient } from './foundation-client.ts'
import type { Deps, FoundationOptions } from './options.ts'
import type { RateLimit } from './retry-after.ts'
import { type Rights, rightsOf } from './rights.ts'

export interface AuditEventPage {
  /** Of the window, by a count made just before the rows were read: not one snapshot with them. */
  readonly totalResults: number
  readonly resources: readonly RawEvent[]
  /** Length of the decoded body. */
  readonly bytes: number
}

/**
 * One foundation's Cloud Controller. Every method repeats what may succeed when repeated, within its retry policy; what
 * it resolves to came from one whole, checked answer. Throws only CloudFoundryErrors, the signal's reason, and RangeError for
 * a query that makes no sense.
 */
export interface CloudController {
  /** Asks `GET /` each time; token requests use the newest answer. */
  discover(signal: AbortSignal): Promise<Discovery>
  /** Gets a token and tries it: a token that is no good is an error, one with too few scopes is not. */
  rights(signal: AbortSignal): Promise<Rights>
  /** One page, ordered by created_at and then guid. A page beyond the last has no resources. */
  auditEvents(query: EventWindow, signal: AbortSignal): Promise<AuditEventPage>
  countAuditEvents(window: TimeWindow, signal: AbortSignal): Promise<number>
  /** created_at of the oldest event there still is, in seconds since the epoch; null when there is none. */
  oldestAuditEventSec(signal: AbortSignal): Promise<number | null>
  /** How far Cloud Controller's clock is ahead of ours, to about a second; null before the first Date header. */
  readonly skewMs: number | null
  /** As last seen; null without a rate limiter, or for a client that is exempt. */
  readonly rateLimit: RateLimit | null
  /** Ends what is under way and every connection. Safe twice. */
  close(): Promise<void>
}

/** Connects nothing yet. @throws RefusedUrlError */
export function cloudController(options: FoundationOptions, deps: Deps): CloudController {
  const client = new FoundationClient(options, deps)

  const page = (path: string, rowsMax: number, signal: AbortSignal): Promise<AuditEventPage> =>
    client.get(path, (answer, facts) => readPage(answer, rowsMax, facts), signal)

  return {
    discover: signal => client.discover(signal),
    async rights(signal) {
      const fromSec = Math.floor(deps.clock.now() / 1000)
      let permitted = true
      try {
        await page(auditEventsPath({ fromSec, toSec: fromSec + 1 }, 1, 1), 1, signal)
      } catch (error) {
        if (!(error instanceof NotPermittedError)) throw error
        permitted = false
      }
      return rightsOf(options.clientId, await client.scopes(signal), permitted)
    },
    auditEvents: async (query, signal) =>
      page(auditEventsPath(query, query.page, query.perPage), query.perPage, signal),
    async countAuditEvents(window, signal) {
      const { totalResults } = await page(auditEventsPath(window, 1, 1), 1, signal)
      return totalResults
    },
    oldestAuditEventSec: signal =>
      client.get(
        auditEventsPath({}, 1, 1),
        (answer, facts) => oldestSec(readPage(answer, 1, facts), facts),
        signal,
      ),
    get skewMs() {
      return client.skewMs
    },
    get rateLimit() {
      return client.rateLimit
    },
    close: () => client.close(),
  }
}

function readPage(answer: Answer, rowsMax: number, facts: FaultFacts): AuditEventPage {
  const broken = (why: string) =>
    new BrokenAnswerError(
      `the answer of Cloud Controller is no page of audit events (${why}); nothing of it counts`,
      facts,
    )
  try {
    const { totalResults, resources } = splitEventPage(answer.text)
    if (resources.length > rowsMax) throw broken(`${resources.length} rows where ${rowsMax} were asked for`)
    return { totalResults, resources, bytes: answer.bytes }
  } catch (error) {
    if (!(error instanceof MalformedPageError)) throw error
    const type = answer.headers.get('content-type')?.split(';')[0]?.slice(0, 40) ?? 'no content type'
    throw broken(`${answer.bytes} bytes of ${type}: ${error.message}`)
  }
}

function oldestSec(page: AuditEventPage, facts: FaultFacts): number | null {
  const oldest = page.resources[0]
  if (!oldest) return null
  const sec = rawCreatedAtSec(oldest)
  if (sec === null)
    throw new BrokenAnswerError('the oldest audit event of Cloud Controller has no valid created_at', facts)
  return sec
}
