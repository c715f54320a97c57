import { checkGuids, guidsQuery, nullIfGone } from './asked-by-guid.ts'
import { BrokenAnswerError, type FaultFacts } from './errors.ts'
import type { Answer } from './exchange.ts'
import { FoundationClient } from './foundation-client.ts'
import type { Deps, FoundationOptions } from './options.ts'
import { isObject, parsedObject } from './parsed-object.ts'
import type { RateLimit } from './retry-after.ts'
import { triedOnce } from './retrying.ts'
import type { TokenSource } from './token-keeper.ts'

/** A task as Cloud Controller shows it. */
export interface ShownTask {
  readonly guid: string
  /** `PENDING`, `RUNNING`, `CANCELING`, `SUCCEEDED`, `FAILED`; the last two are the end. */
  readonly state: string
  readonly name: string | null
  /** As written: `YYYY-MM-DDThh:mm:ssZ`; of a task that has ended `updatedAt` is its end, unless its labels were changed later. */
  readonly createdAt: string | null
  readonly updatedAt: string | null
  readonly failureReason: string | null
  /** Null where it is not shown: in every list, and to a global auditor. */
  readonly command: string | null
}

/**
 * Asks for tasks over connections of its own: nothing asked here waits in the way of audit events. A request is made once; who
 * asks decides about another. Throws only CloudFoundryErrors, the signal's reason, and RangeError.
 */
export interface TaskLookups {
  /** Those of the guids (150 at most) that Cloud Controller shows; the others are gone, or hidden from this client. */
  states(guids: readonly string[], signal: AbortSignal): Promise<readonly ShownTask[]>
  /** With its command, where the client may see it; null when it is gone, or hidden. */
  task(guid: string, signal: AbortSignal): Promise<ShownTask | null>
  /** As last seen here; null without a rate limiter, or for a client that is exempt. */
  readonly rateLimit: RateLimit | null
  /** Safe twice. */
  close(): Promise<void>
}

/** Connects nothing yet. `tokens`: of the client that polls, if there is one. @throws RefusedUrlError */
export function taskLookups(
  options: FoundationOptions,
  deps: Deps,
  tokens: TokenSource | null = null,
): TaskLookups {
  const client = new FoundationClient({ ...options, retry: triedOnce }, deps, tokens)
  return {
    states: async (guids, signal) => client.get(`/v3/tasks?${guidsQuery(guids)}`, readList, signal),
    task: async (guid, signal) => {
      checkGuids([guid])
      return nullIfGone(client.get(`/v3/tasks/${guid}`, readTask, signal))
    },
    get rateLimit() {
      return client.rateLimit
    },
    close: () => client.close(),
  }
}

/** A list that is not whole would make tasks look gone that are not. */
function readList(answer: Answer, facts: FaultFacts): readonly ShownTask[] {
  const body = parsedObject(answer.text)
  const { pagination, resources } = body ?? {}
  const total = isObject(pagination) ? pagination['total_results'] : undefined
  const tasks = Array.isArray(resources) ? resources.map(shownTask) : []
  if (!Array.isArray(resources) || total !== resources.length || tasks.includes(null))
    throw new BrokenAnswerError(
      `the answer of Cloud Controller is no whole list of tasks (${answer.bytes} bytes); nothing of it counts`,
      facts,
    )
  return tasks.filter(task => task !== null)
}

function readTask(answer: Answer, facts: FaultFacts): ShownTask {
  const task = shownTask(parsedObject(answer.text))
  if (task === null)
    throw new BrokenAnswerError(`the answer of Cloud Controller is no task (${answer.bytes} bytes)`, facts)
  return task
}

function shownTask(resource: unknown): ShownTask | null {
  if (!isObject(resource)) return null
  const { guid, state, result } = resource
  if (typeof guid !== 'string' || typeof state !== 'string') return null
  return {
    guid,
    state,
    name: textOf(resource['name']),
    createdAt: textOf(resource['created_at']),
    updatedAt: textOf(resource['updated_at']),
    failureReason: isObject(result) ? textOf(result['failure_reason']) : null,
    command: textOf(resource['command']),
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
