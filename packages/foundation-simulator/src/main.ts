import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { seededRandom } from '@cf-audit-drain/pipeline'
import { ControlServer } from './control-server.ts'
import { EventGenerator } from './event-generator.ts'
import type { FaultName, FaultRule } from './faults.ts'
import { defaultClients, type SimulatorOptions, startFoundation } from './foundation.ts'
import { liven } from './lively.ts'
import { narrowClient } from './narrow-client.ts'
import { loadRecordedCollections } from './recorded-collections.ts'
import { everyRecordedEvent } from './recordings.ts'
import { refuseSsh } from './refuse-ssh.ts'
import { addWorld } from './world-resources.ts'
import { addWorldStates } from './world-states.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'uaa-port': { type: 'string', default: '0' },
    'control-port': { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    seed: { type: 'string', default: '1' },
    events: { type: 'string', default: '0' },
    days: { type: 'string', default: '30' },
    recorded: { type: 'boolean', default: false },
    lively: { type: 'string', default: '0' },
    'late-probability': { type: 'string', default: '0' },
    'refuse-ssh-every': { type: 'string' },
    faults: { type: 'string', multiple: true, default: [] },
    'rate-limit': { type: 'string' },
    'token-lifetime': { type: 'string' },
    'latency-ms': { type: 'string' },
    history: { type: 'string' },
    'keep-pages': { type: 'boolean', default: false },
    'narrow-client': { type: 'string' },
    v2: { type: 'boolean', default: false },
    'no-v3-events': { type: 'boolean', default: false },
    cert: { type: 'string' },
    key: { type: 'string' },
  },
})

/** `error-502`, `error-502:3` (three times), or a whole rule as JSON. */
function faultRule(text: string): FaultRule {
  if (text.startsWith('{')) return JSON.parse(text) as FaultRule
  const [fault = '', count = '1'] = text.split(':')
  return { fault: fault as FaultName, count: Number(count) }
}

const narrow = values['narrow-client'] === undefined ? null : narrowClient(values['narrow-client'])

function options(): SimulatorOptions {
  const { cert, key } = values
  return {
    random: seededRandom(Number(values.seed)),
    port: Number(values.port),
    uaaPort: Number(values['uaa-port']),
    host: values.host,
    keepPages: values['keep-pages'],
    v2: values.v2,
    v3AuditEvents: !values['no-v3-events'],
    ...(narrow ? { clients: [...defaultClients, narrow.client], memberships: narrow.memberships } : {}),
    ...(values['rate-limit'] ? { rateLimit: { generalLimit: Number(values['rate-limit']) } } : {}),
    ...(values['token-lifetime'] ? { tokenLifetimeSec: Number(values['token-lifetime']) } : {}),
    ...(values['latency-ms'] ? { latencyMs: Number(values['latency-ms']) } : {}),
    ...(values.history ? { historyFile: values.history } : {}),
    ...(cert && key ? { tls: { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } } : {}),
  }
}

const foundation = await startFoundation(options())
const generator = new EventGenerator(seededRandom(Number(values.seed) + 1), foundation.api)
narrow?.mayRead(generator.world)
addWorld(foundation.collections, generator.world, foundation.api)
addWorldStates(foundation.collections, generator.world, foundation.api)
if (values.recorded) {
  foundation.insert(everyRecordedEvent())
  loadRecordedCollections(foundation.collections)
}
if (Number(values.events) > 0) {
  const toMs = Math.floor(foundation.clock.now() / 1000) * 1000
  const fromMs = toMs - Number(values.days) * 86_400_000
  foundation.insert(generator.history({ count: Number(values.events), fromMs, toMs }))
}
foundation.faults.add(...values.faults.map(faultRule))
const control = new ControlServer(foundation, generator, Number(values['control-port']), values.host)
await control.listen()

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => stop.abort())
}
stop.signal.addEventListener('abort', () => {
  Promise.all([foundation.close(), control.close()]).catch(() => {
    process.exitCode = 1
  })
})
process.stdout.write(
  `${JSON.stringify({
    api: foundation.api,
    uaa: foundation.uaa,
    control: control.url,
    clientId: foundation.clientId,
    clientSecret: foundation.clientSecret,
    ...(narrow ? { narrowClientId: narrow.client.id, narrowClientSecret: narrow.client.secret } : {}),
  })}\n`,
)
const everySec = values['refuse-ssh-every']
const refusing =
  everySec &&
  refuseSsh(foundation, generator, { firstMs: 30_000, everyMs: Number(everySec) * 1000 }, stop.signal)
if (Number(values.lively) > 0) {
  const lateProbability = Number(values['late-probability'])
  await liven(foundation, generator, { eventsPerSecond: Number(values.lively), lateProbability }, stop.signal)
}
await refusing
