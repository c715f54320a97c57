import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { json, text } from 'node:stream/consumers'
import type { EventGenerator, HistoryPlan } from './event-generator.ts'
import type { FaultRule } from './faults.ts'
import type { Foundation } from './foundation-contract.ts'
import { ListeningServer } from './listening-server.ts'
import { everyRecordedEvent } from './recordings.ts'
import { type StateChange, setStates } from './set-states.ts'
import type { SimulatedRow } from './simulated-row.ts'

type Action = (body: Readable) => Promise<unknown>

/** Steers a simulator from another process, on a port of its own; the paths are in README.md. */
export class ControlServer {
  readonly #server: ListeningServer
  readonly #actions: Readonly<Record<string, Action>>

  constructor(foundation: Foundation, generator: EventGenerator, port = 0, host = '127.0.0.1') {
    this.#actions = actions(foundation, generator)
    this.#server = new ListeningServer(
      (request, response) => {
        this.#handle(request, response).catch(error => {
          response.writeHead(400, { 'Content-Type': 'application/json' })
          response.end(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }))
        })
      },
      port,
      { host },
    )
  }

  get url(): string {
    return this.#server.url
  }

  listen(): Promise<void> {
    return this.#server.listen()
  }

  close(): Promise<void> {
    return this.#server.close()
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const action = this.#actions[`${request.method} ${request.url}`]
    if (action === undefined) {
      response.writeHead(404, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify({ error: 'no such action', actions: Object.keys(this.#actions) }))
      return
    }
    const result = await action(request)
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(result ?? {}))
  }
}

function actions(foundation: Foundation, generator: EventGenerator): Readonly<Record<string, Action>> {
  const insert = (rows: Iterable<SimulatedRow>): object => ({ inserted: foundation.insert(rows).length })
  return {
    'GET /_simulator/faults': async () => ({
      left: foundation.faults.left,
      fired: foundation.faults.fired,
    }),
    'POST /_simulator/faults': async body => {
      const rules = (await json(body)) as FaultRule | readonly FaultRule[]
      foundation.faults.add(...(Array.isArray(rules) ? (rules as FaultRule[]) : [rules as FaultRule]))
      return { left: foundation.faults.left }
    },
    'DELETE /_simulator/faults': async () => {
      foundation.faults.clear()
      return { left: 0 }
    },
    'POST /_simulator/rows': async body => insert((await json(body)) as SimulatedRow[]),
    'DELETE /_simulator/rows': async body => ({ deleted: foundation.delete((await json(body)) as string[]) }),
    'POST /_simulator/states': async body =>
      setStates(foundation.collections, (await json(body)) as StateChange),
    'POST /_simulator/recorded': async () => insert(everyRecordedEvent()),
    'POST /_simulator/history': async body => insert(generator.history((await json(body)) as HistoryPlan)),
    'POST /_simulator/count-only': async body => foundation.countOnly((await json(body)) as string[]),
    'POST /_simulator/truncate': async () => foundation.truncate(),
    'POST /_simulator/restore': async body => foundation.restore(Number(await text(body))),
    'POST /_simulator/undelete': async body => ({
      returned: foundation.undelete((await json(body)) as string[]),
    }),
    'POST /_simulator/clean-up': async body => {
      const limit = Number((await text(body)) || Number.POSITIVE_INFINITY)
      return { deleted: foundation.runCleanUp(limit) }
    },
    'POST /_simulator/scopes': async body => {
      const { id, scopes } = (await json(body)) as { id: string; scopes: readonly string[] }
      foundation.setScopes(id, scopes)
    },
    'POST /_simulator/tasks/prune': async body => foundation.tasks.prune((await json(body)) as string[]),
    'GET /_simulator/shown': async () => foundation.shown(),
    'GET /_simulator/pages': async () => foundation.shownPages(),
    'GET /_simulator/requests': async () => foundation.requests,
  }
}
