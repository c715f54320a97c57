import { readFileSync } from 'node:fs'
import { seededRandom } from '@cf-audit-drain/pipeline'
import type { Typed } from './command-line.ts'
import { ControlServer } from './control-server.ts'
import { EventGenerator } from './event-generator.ts'
import type { FaultName, FaultRule } from './faults.ts'
import { defaultClients, type Foundation, type SimulatorOptions, startFoundation } from './foundation.ts'
import { liven } from './lively.ts'
import { type NarrowClient, narrowClient } from './narrow-client.ts'
import { loadRecordedCollections } from './recorded-collections.ts'
import { everyRecordedEvent } from './recordings.ts'
import { refuseSsh } from './refuse-ssh.ts'
import { addWorld } from './world-resources.ts'
import { addWorldStates } from './world-states.ts'

/** Where everything listens, and who may log in: what the program prints. */
export interface Ready {
  readonly api: string
  readonly uaa: string
  readonly control: string
  readonly clientId: string
  readonly clientSecret: string
  readonly narrowClientId?: string
  readonly narrowClientSecret?: string
}

/** `error-502`, `error-502:3` (three times), or a whole rule as JSON. */
function faultRule(text: string): FaultRule {
  if (text.startsWith('{')) return JSON.parse(text) as FaultRule
  const [fault = '', count = '1'] = text.split(':')
  return { fault: fault as FaultName, count: Number(count) }
}

function options(typed: Typed, narrow: NarrowClient | null): SimulatorOptions {
  const { cert, key } = typed
  return {
    random: seededRandom(Number(typed.seed)),
    port: Number(typed.port),
    uaaPort: Number(typed['uaa-port']),
    host: typed.host,
    keepPages: typed['keep-pages'],
    v2: typed.v2,
    v3AuditEvents: !typed['no-v3-events'],
    ...(narrow ? { clients: [...defaultClients, narrow.client], memberships: narrow.memberships } : {}),
    ...(typed['rate-limit'] ? { rateLimit: { generalLimit: Number(typed['rate-limit']) } } : {}),
    ...(typed['token-lifetime'] ? { tokenLifetimeSec: Number(typed['token-lifetime']) } : {}),
    ...(typed['latency-ms'] ? { latencyMs: Number(typed['latency-ms']) } : {}),
    ...(typed.history ? { historyFile: typed.history } : {}),
    ...(cert && key ? { tls: { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } } : {}),
  }
}

/** What there is at the beginning. */
function fill(foundation: Foundation, generator: EventGenerator, typed: Typed): void {
  addWorld(foundation.collections, generator.world, foundation.api)
  addWorldStates(foundation.collections, generator.world, foundation.api)
  if (typed.recorded) {
    foundation.insert(everyRecordedEvent())
    loadRecordedCollections(foundation.collections)
  }
  if (Number(typed.events) > 0) {
    const toMs = Math.floor(foundation.clock.now() / 1000) * 1000
    const fromMs = toMs - Number(typed.days) * 86_400_000
    foundation.insert(generator.history({ count: Number(typed.events), fromMs, toMs }))
  }
  foundation.faults.add(...typed.faults.map(faultRule))
}

/** Until the signal is aborted; then everything is closed, and `failed` called if that cannot be. */
export async function simulate(
  typed: Typed,
  told: { readonly ready: (ready: Ready) => void; readonly failed: () => void },
  stop: AbortSignal,
): Promise<void> {
  const narrow = typed['narrow-client'] === undefined ? null : narrowClient(typed['narrow-client'])
  const foundation = await startFoundation(options(typed, narrow))
  const generator = new EventGenerator(seededRandom(Number(typed.seed) + 1), foundation.api)
  narrow?.mayRead(generator.world)
  fill(foundation, generator, typed)
  const control = new ControlServer(foundation, generator, Number(typed['control-port']), typed.host)
  await control.listen()
  stop.addEventListener('abort', () => {
    Promise.all([foundation.close(), control.close()]).catch(told.failed)
  })
  const { api, uaa, clientId, clientSecret } = foundation
  told.ready({
    ...{ api, uaa, control: control.url, clientId, clientSecret },
    ...(narrow ? { narrowClientId: narrow.client.id, narrowClientSecret: narrow.client.secret } : {}),
  })
  await live(foundation, generator, typed, stop)
}

async function live(
  foundation: Foundation,
  generator: EventGenerator,
  typed: Typed,
  stop: AbortSignal,
): Promise<void> {
  const everySec = typed['refuse-ssh-every']
  const refusing =
    everySec && refuseSsh(foundation, generator, { firstMs: 30_000, everyMs: Number(everySec) * 1000 }, stop)
  if (Number(typed.lively) > 0) {
    const lateProbability = Number(typed['late-probability'])
    await liven(foundation, generator, { eventsPerSecond: Number(typed.lively), lateProbability }, stop)
  }
  await refusing
}
