import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { deadline } from '@cf-audit-drain/pipeline'
import type { Logger } from './logger.ts'

export interface HttpServerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly logger: Logger
  /** The whole answer of /metrics. When it rejects the answer is 500, and Prometheus sets `up` to 0. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
  /** What keeps the process from being ready, one sentence each; ready when empty. */
  readonly notReady: () => readonly string[] | Promise<readonly string[]>
  /** The object behind /status; must hold no secret and no event data. */
  readonly status: () => unknown
}

export interface RunningHttpServer {
  readonly host: string
  /** The one really taken. */
  readonly port: number
  /** `http://127.0.0.1:9470` */
  readonly url: string
  /** Stops listening, lets answers in hand end for at most a second, then cuts what is left. Safe twice. */
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly contentType: string
  readonly text: string
}

/**
 *     GET /metrics   Prometheus text
 *     GET /healthz   200 while the process serves at all
 *     GET /readyz    200, or 503 with {"ready":false,"reasons":[…]}
 *     GET /status    JSON
 *
 * No password: it binds to loopback unless configured otherwise. Throws, in one sentence, when the address cannot
 * be had.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<RunningHttpServer> {
  const server = createServer(
    {
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      keepAliveTimeout: 5_000,
      maxHeaderSize: 8_192,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => void respond(request, response, options),
  )
  server.maxConnections = 64
  await listen(server, options)
  // Accept errors (no file descriptor left) must not end a process that only wanted to be looked at.
  server.on('error', error => options.logger.error({ err: error }, 'HTTP server'))
  const { port } = server.address() as AddressInfo
  const shownHost = options.host.includes(':') ? `[${options.host}]` : options.host
  let closing: Promise<void> | undefined
  return {
    host: options.host,
    port,
    url: `http://${shownHost}:${port}`,
    close: () => {
      closing ??= close(server)
      return closing
    },
  }
}

/** Rejects as `startHttpServer` would, so that a process that cannot be looked at begins nothing. */
export async function requireFreeAddress(address: Pick<HttpServerOptions, 'host' | 'port'>): Promise<void> {
  const server = createServer()
  await listen(server, address)
  await close(server)
}

async function listen(
  server: Server,
  { host, port }: Pick<HttpServerOptions, 'host' | 'port'>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host, port }, resolve)
  try {
    await promise
  } catch (error) {
    throw new Error(`cannot listen on ${host}:${port}: ${reasonOf(error)}`, { cause: error })
  } finally {
    server.removeListener('error', reject)
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    return 'another process has this address; stop it, or set http.address (HTTP_ADDRESS) to another port or to port 0'
  }
  if (code === 'EACCES')
    return 'ports below 1024 need a privilege; set http.address (HTTP_ADDRESS) to a higher one'
  if (code === 'EADDRNOTAVAIL')
    return 'this machine has no such address; set http.address (HTTP_ADDRESS) to one it has'
  return error instanceof Error ? error.message : String(error)
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  deadline(1_000).addEventListener('abort', () => server.closeAllConnections(), { once: true })
  await promise
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpServerOptions,
): Promise<void> {
  const answer = await answerTo(request, options).catch((error: unknown): Answer => {
    options.logger.error({ err: error, url: request.url }, 'cannot answer')
    return json(500, { error: 'this could not be answered; the log of the process says why' })
  })
  // A request body is never read: the connection is not usable for another request.
  const hasBody =
    request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined
  response.writeHead(answer.status, {
    'content-type': answer.contentType,
    'content-length': Buffer.byteLength(answer.text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(answer.status === 405 ? { allow: 'GET, HEAD' } : {}),
    ...(hasBody ? { connection: 'close' } : {}),
  })
  response.end(request.method === 'HEAD' ? '' : answer.text)
}

async function answerTo(request: IncomingMessage, options: HttpServerOptions): Promise<Answer> {
  const path = (request.url ?? '/').split('?', 1)[0]
  const route = routes[path ?? '/']
  if (route === undefined) {
    return json(404, { error: `there is nothing at ${path}`, paths: Object.keys(routes) })
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return json(405, { error: `${request.method} is not possible here: use GET` })
  }
  return route(options)
}

const routes: Readonly<Record<string, (options: HttpServerOptions) => Promise<Answer>>> = Object.assign(
  Object.create(null) as Record<string, never>,
  {
    '/metrics': async ({ metrics }: HttpServerOptions) => ({ status: 200, ...(await metrics()) }),
    '/healthz': async () => json(200, { alive: true }),
    '/readyz': async ({ notReady }: HttpServerOptions) => {
      const reasons = await notReady()
      return reasons.length === 0 ? json(200, { ready: true }) : json(503, { ready: false, reasons })
    },
    '/status': async ({ status }: HttpServerOptions) => json(200, await status()),
  },
)

function json(status: number, value: unknown): Answer {
  return {
    status,
    contentType: 'application/json; charset=utf-8',
    text: `${JSON.stringify(value, null, 2)}\n`,
  }
}
