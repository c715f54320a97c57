import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface AskedOfRegistry {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
  readonly body: string
}

/** How it answers from now on. `held`: by what was put in; a function: whatever it does. */
export type RegistryMood = 'held' | ((response: ServerResponse, request: AskedOfRegistry) => void)

export interface ScriptedRegistry {
  readonly url: string
  readonly asked: AskedOfRegistry[]
  mood: RegistryMood
  /** By subject, then by the text of the schema, the id. */
  readonly held: Map<string, Map<string, number>>
  stop(): Promise<void>
  /** Listens again where it did. */
  start(): Promise<void>
}

/** For faults that no real registry can be brought to: only what lookups need is answered, the rest as not there. */
export async function startScriptedRegistry(): Promise<ScriptedRegistry> {
  const asked: AskedOfRegistry[] = []
  const held: ScriptedRegistry['held'] = new Map()
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const one = {
      method: request.method ?? '',
      path: decodeURIComponent(request.url ?? ''),
      authorization: request.headers.authorization,
      body,
    }
    asked.push(one)
    if (registry.mood === 'held') answerHeld(response, one, held)
    else registry.mood(response, one)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const registry: ScriptedRegistry = {
    url: `http://127.0.0.1:${port}`,
    asked,
    mood: 'held',
    held,
    async stop() {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
    async start() {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
  }
  return registry
}

export function answerJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' })
  response.end(JSON.stringify(value))
}

function answerHeld(
  response: ServerResponse,
  { path, body }: AskedOfRegistry,
  held: ScriptedRegistry['held'],
): void {
  const subject = /^\/subjects\/([^/]+)$/.exec(path)?.[1]
  const byId = /^\/schemas\/ids\/(\d+)$/.exec(path)?.[1]
  const all = [...held.values()].flatMap(schemas => [...schemas])
  const text = all.find(([, id]) => id === Number(byId))?.[0]
  const id = subject === undefined ? undefined : held.get(subject)?.get(JSON.parse(body).schema)
  if (byId !== undefined && text !== undefined) answerJson(response, 200, { schema: text })
  else if (id !== undefined) answerJson(response, 200, { id, subject, version: 1 })
  else answerJson(response, 404, { error_code: byId === undefined ? 40401 : 40403, message: 'not there' })
}
