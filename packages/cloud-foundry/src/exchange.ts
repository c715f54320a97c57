import type { IncomingHttpHeaders } from 'node:http'
import { type Clock, orAborted } from '@cf-audit-drain/pipeline'
import { BodyError, wholeBody } from './body.ts'
import type { Connections, Route } from './connections.ts'
import { AnswerTooLargeError, type AnyEnd, BrokenAnswerError, type End, UnreachableError } from './errors.ts'
import { linkedAbort } from './linked-abort.ts'
import { Progress } from './progress.ts'
import { transportFault } from './transport-fault.ts'

export interface Call<E extends AnyEnd = End> {
  readonly end: E
  readonly method: E extends End ? 'GET' | 'POST' : 'GET' | 'POST' | 'PUT'
  /** The base URL of the end; `path` with its query is put behind it. */
  readonly base: URL
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Empty for an end that would make nothing of it. */
  readonly requestId: string
}

/** Names in lower case; of repeated headers the first. */
export type AnswerHeaders = ReadonlyMap<string, string>

/** One whole answer. */
export interface Answer {
  readonly status: number
  readonly headers: AnswerHeaders
  /** Of a 200 all of it, checked; of others what could be read. */
  readonly text: string
  /** Length of the decoded body. */
  readonly bytes: number
  /** From sending to the headers. */
  readonly headersMs: number
}

export interface ExchangeLimits {
  /** Of the whole request, connecting included; a body has one second more for each 16 KiB that came. */
  readonly requestTimeoutMs: number
  /** No body may stand still for so long, however much of it came. */
  readonly standstillMs: number
  readonly bodyBytesMax: number
}

/** Nobody needs more of an error page. */
const errorBytesMax = 64 * 1024

/**
 * One request, one answer read whole. Never follows a redirect, never repeats.
 * @throws UnreachableError, BrokenAnswerError, AnswerTooLargeError, the signal's reason
 */
export async function exchange(
  call: Call<AnyEnd>,
  deps: {
    readonly foundation: string | null
    readonly connections: Connections
    readonly clock: Clock
    readonly limits: ExchangeLimits
    readonly caFile: string | undefined
  },
  signal: AbortSignal,
): Promise<Answer> {
  const facts = { foundation: deps.foundation, end: call.end, requestId: call.requestId }
  const where = `${call.end} at ${call.base.origin}`
  const abort = linkedAbort(signal)
  const progress = new Progress(deps.clock, deps.limits)
  let route: Route | null = null
  let status: number | undefined
  try {
    signal.throwIfAborted()
    route = await deps.connections.route(call.base)
    signal.throwIfAborted()
    progress.watch(() => abort.abort(progress))
    const sentAt = deps.clock.monotonic()
    const asked = route.dispatcher.request({
      origin: call.base.origin,
      path: call.base.pathname.replace(/\/$/, '') + call.path,
      method: call.method,
      headers: {
        ...call.headers,
        'accept-encoding': 'gzip',
        ...(call.requestId === '' ? {} : { 'x-vcap-request-id': call.requestId }),
      },
      body: call.body ?? null,
      signal: abort.signal,
    })
    // undici does not heed the signal before the request is on a connected socket.
    const response = await orAborted(asked, abort.signal)
    const headersMs = deps.clock.monotonic() - sentAt
    status = response.statusCode
    const headers = answerHeaders(response.headers)
    const text = await readBody(progress.count(response.body), status, headers, deps.limits.bodyBytesMax)
    return { status, headers, text, bytes: Buffer.byteLength(text), headersMs }
  } catch (error) {
    const expired = abort.signal.reason === progress
    // A body that was not read to its end holds on to its connection.
    abort.abort(new Error('given up'))
    signal.throwIfAborted()
    const withStatus = { ...facts, ...(status !== undefined && { status }) }
    if (expired) throw stoodStill(where, progress, deps.limits, route, withStatus)
    if (error instanceof BodyError && error.kind === 'too large')
      throw new AnswerTooLargeError(
        `the answer of ${where} ${error.message}: ask for a narrower window or fewer rows a page`,
        withStatus,
      )
    if (error instanceof BodyError)
      throw new BrokenAnswerError(`the answer of ${where} ${error.message}; nothing of it counts`, withStatus)
    throw transportFault(error, {
      where,
      url: call.base,
      proxy: route?.proxy ?? null,
      caFile: deps.caFile,
      facts: withStatus,
    })
  } finally {
    progress.stop()
    abort.unlink()
  }
}

async function readBody(
  chunks: AsyncIterable<Buffer>,
  status: number,
  headers: AnswerHeaders,
  bytesMax: number,
): Promise<string> {
  const encoding = headers.get('content-encoding')
  if (status === 200) {
    if (Number(headers.get('content-length')) > bytesMax)
      throw new BodyError('too large', `is longer than ${bytesMax} bytes`)
    return wholeBody(chunks, { encoding, bytesMax })
  }
  try {
    return await wholeBody(chunks, { encoding, bytesMax: errorBytesMax })
  } catch {
    // The status has said it all; a hung or damaged error page changes nothing.
    return ''
  }
}

function stoodStill(
  where: string,
  progress: Progress,
  limits: ExchangeLimits,
  route: Route | null,
  facts: {
    readonly foundation: string | null
    readonly end: AnyEnd
    readonly requestId: string
    readonly status?: number
  },
): UnreachableError | BrokenAnswerError {
  const code = 'TIMEOUT'
  const setting = `requestTimeout is ${limits.requestTimeoutMs} ms`
  if (facts.status !== undefined) {
    const { bytes, elapsedMs, silentMs } = progress
    const when = `${Math.round(elapsedMs)} ms after it was asked, ${Math.round(silentMs)} ms after its last byte`
    return new BrokenAnswerError(
      `the answer of ${where} stopped after ${bytes} bytes or came too slowly (given up ${when}; ${setting}); nothing of it counts`,
      { ...facts, code },
    )
  }
  const through = route?.proxy ? ` through the proxy ${route.proxy}` : ''
  return new UnreachableError(
    `${where} gave no answer${through} within ${limits.requestTimeoutMs} ms (requestTimeout): is it overloaded, or does a firewall drop the connection?`,
    { ...facts, code, retryable: true },
  )
}

function answerHeaders(headers: IncomingHttpHeaders): AnswerHeaders {
  const map = new Map<string, string>()
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value
    if (first !== undefined) map.set(name.toLowerCase(), first)
  }
  return map
}
