import { join } from 'node:path'
import type { FaultRule, SimulatedRow } from '@cf-audit-drain/foundation-simulator'
import { Child, firstLine } from './child.ts'
import { places } from './places.ts'
import { until } from './until.ts'

interface Addresses {
  readonly api: string
  readonly uaa: string
  readonly control: string
  readonly clientId: string
  readonly clientSecret: string
}

/** The simulated foundation in a process of its own, steered by its control endpoint. */
export class Simulator {
  readonly historyFile: string
  readonly #child: Child
  readonly #addresses: Addresses

  private constructor(child: Child, addresses: Addresses, historyFile: string) {
    this.#child = child
    this.#addresses = addresses
    this.historyFile = historyFile
  }

  /** `witnessed`: it writes down what it showed, for the checker. */
  static async start(
    folder: string,
    args: readonly string[],
    { witnessed = true }: { readonly witnessed?: boolean } = {},
  ): Promise<Simulator> {
    const outputFile = join(folder, 'simulator.out')
    const historyFile = join(folder, 'history.ndjson')
    const child = new Child({
      command: places.node,
      args: [places.simulator, ...(witnessed ? ['--history', historyFile, '--keep-pages'] : []), ...args],
      outputFile,
      errorFile: join(folder, 'simulator.err'),
    })
    await until('the simulator listens', () => firstLine(outputFile) !== null || child.end !== null, 180_000)
    const line = firstLine(outputFile)
    if (line === null) throw new Error(`the simulator ended with ${child.end}: see ${folder}`)
    return new Simulator(child, JSON.parse(line) as Addresses, historyFile)
  }

  get addresses(): Addresses {
    return this.#addresses
  }

  async fault(...rules: readonly FaultRule[]): Promise<void> {
    await this.#ask('POST', 'faults', rules)
  }

  async clearFaults(): Promise<void> {
    await this.#ask('DELETE', 'faults')
  }

  async faultsFired(): Promise<readonly { readonly fault: string; readonly request: string }[]> {
    const { fired } = (await this.#ask('GET', 'faults')) as { fired: { fault: string; request: string }[] }
    return fired
  }

  async insert(rows: readonly SimulatedRow[]): Promise<void> {
    await this.#ask('POST', 'rows', rows)
  }

  /** Inserts rows that are counted and never shown. */
  async hide(rows: readonly (SimulatedRow & { readonly guid: string })[]): Promise<void> {
    await this.#ask(
      'POST',
      'count-only',
      rows.map(({ guid }) => guid),
    )
    await this.insert(rows)
  }

  /** Shows what was hidden. */
  async show(): Promise<void> {
    await this.#ask('POST', 'count-only', [])
  }

  async history(plan: { readonly count: number; readonly fromMs: number; readonly toMs: number }) {
    await this.#ask('POST', 'history', plan)
  }

  /** Every event that is visible now, as its own JSON, read as any client reads. */
  async events(): Promise<Map<string, Record<string, unknown>>> {
    const { api, uaa, clientId, clientSecret } = this.#addresses
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
    const granted = await fetch(`${uaa}/oauth/token`, {
      method: 'POST',
      headers: { Authorization: `Basic ${basic}`, 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials',
    })
    const { access_token: token } = (await granted.json()) as { access_token: string }
    const events = new Map<string, Record<string, unknown>>()
    for (let page = 1, pages = 1; page <= pages; page++) {
      const answer = await fetch(`${api}/v3/audit_events?per_page=5000&page=${page}`, {
        headers: { Authorization: `Bearer ${token}` },
      })
      if (!answer.ok) throw new Error(`the simulator answered ${answer.status} to the checker`)
      const body = (await answer.json()) as {
        pagination: { total_pages: number }
        resources: Record<string, unknown>[]
      }
      pages = body.pagination.total_pages
      for (const event of body.resources)
        if (typeof event['guid'] === 'string') events.set(event['guid'], event)
    }
    return events
  }

  /** What was asked of it so far. */
  async requests(): Promise<{ readonly total: number; readonly rowsServed: number }> {
    return (await this.#ask('GET', 'requests')) as { total: number; rowsServed: number }
  }

  async stop(): Promise<void> {
    await this.#child.stop(2_000)
  }

  async #ask(method: string, action: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.#addresses.control}/_simulator/${action}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const result: unknown = await answer.json()
    if (!answer.ok) throw new Error(`simulator ${method} ${action}: ${JSON.stringify(result)}`)
    return result
  }
}
