import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { systemClock } from '@cf-audit-drain/pipeline'

export type Script = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** A UAA and a Cloud Controller on one port that answer rightly until told otherwise. */
export interface ScriptedFoundation {
  readonly origin: string
  readonly port: number
  /** For the next requests of audit events, one each; then `events` again. */
  readonly next: Script[]
  events: Script
  token: Script
  root: Script
  readonly requests: {
    readonly method: string
    readonly url: string
    readonly headers: IncomingMessage['headers']
    readonly body: string
  }[]
  readonly sockets: ReadonlySet<Socket>
  /** The most requests that were under way at once. */
  readonly inFlightMax: number
  requestsOf(path: string): number
  close(): Promise<void>
}

export const globalAuditor = 'cloud_controller.global_auditor'

export async function scriptedFoundation(tls?: {
  readonly key: string
  readonly cert: string
}): Promise<ScriptedFoundation> {
  const sockets = new Set<Socket>()
  let inFlight = 0
  let tokens = 0
  const listener: RequestListener = (request, response) => {
    inFlightMax = Math.max(inFlightMax, ++inFlight)
    response.once('close', () => inFlight--)
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const body = Buffer.concat(pieces).toString()
      const url = request.url ?? ''
      foundation.requests.push({ method: request.method ?? '', url, headers: request.headers, body })
      if (url === '/') foundation.root(request, response, body)
      else if (url === '/oauth/token') foundation.token(request, response, body)
      else (foundation.next.shift() ?? foundation.events)(request, response, body)
    })
  }
  let inFlightMax = 0
  const server = tls ? createTlsServer(tls, listener) : createServer(listener)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const origin = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`
  const foundation: ScriptedFoundation = {
    origin,
    port,
    next: [],
    requests: [],
    sockets,
    get inFlightMax() {
      return inFlightMax
    },
    root: json(200, rootOf(origin)),
    token: (request, response, body) =>
      json(200, tokenOf([globalAuditor], ++tokens))(request, response, body),
    events: json(200, pageOf([], 0)),
    requestsOf: path => foundation.requests.filter(({ url }) => url.split('?')[0] === path).length,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return foundation
}

export function rootOf(origin: string) {
  return {
    links: {
      self: { href: origin },
      cloud_controller_v3: { href: `${origin}/v3`, meta: { version: '3.228.0' } },
      login: { href: origin },
      uaa: { href: origin },
      logging: null,
    },
  }
}

export function tokenOf(scopes: readonly string[], serial = 1, expiresInSec = 43_199) {
  const payload = Buffer.from(JSON.stringify({ scope: scopes, jti: String(serial) })).toString('base64url')
  return {
    access_token: `eyJhbGciOiJSUzI1NiJ9.${payload}.signature-${serial}-THE-TOKEN`,
    token_type: 'bearer',
    expires_in: expiresInSec,
    scope: scopes.join(' '),
  }
}

export function eventOf(guid: string, createdAt = '2026-11-22T02:43:39Z', data: unknown = {}) {
  return {
    guid,
    created_at: createdAt,
    updated_at: createdAt,
    type: 'audit.app.update',
    actor: null,
    target: null,
    data,
  }
}

export function pageOf(resources: readonly unknown[], totalResults = resources.length) {
  return {
    pagination: { total_results: totalResults, total_pages: 1, next: null, previous: null },
    resources,
  }
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Script {
  const text = JSON.stringify(body)
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(text)
  }
}

export function ccError(status: number, code: number, title: string, detail: string, headers = {}): Script {
  return json(status, { errors: [{ detail, title, code }] }, headers)
}

export function html(status: number, headers: Readonly<Record<string, string>> = {}): Script {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'text/html', ...headers }).end('<html><h1>nginx</h1></html>')
  }
}

/** Bytes on the socket as they are, which is then closed (`end`) or left open. */
export function raw(text: string, then: 'end' | 'stay'): Script {
  return request => {
    request.socket.write(text)
    if (then === 'end') request.socket.end()
  }
}

/** 200 at once, then so many bytes of the text each time, the first with the headers. */
export function drip(text: string, everyMs: number, bytes: number): Script {
  return (_, response) => {
    response.writeHead(200)
    let at = 0
    const step = () => {
      if (response.destroyed) return
      response.write(text.slice(at, at + bytes))
      at += bytes
      if (at >= text.length) response.end()
      else systemClock.sleep(everyMs).then(step, () => {})
    }
    step()
  }
}

export function later(ms: number, script: Script): Script {
  return (...request) => {
    systemClock.sleep(ms).then(
      () => script(...request),
      () => {},
    )
  }
}

export const hang: Script = () => {}

export const reset: Script = request => {
  request.socket.resetAndDestroy()
}
