import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isOwnGuid } from '@cf-audit-drain/event'
import { freePort } from '@cf-audit-drain/syslog/testing/rsyslogd'
import { until } from '../faults/until.ts'
import { readComposeFile } from './compose-file.ts'
import { ComposeProject, composeMissing } from './compose-project.ts'

// Needs a Docker, which CI does not have: skipped aloud without one, even where REQUIRE_PEERS=1 asks for the peers.
const missing = composeMissing()
const options = missing === null ? { timeout: 400_000 } : { skip: missing }
const names = Object.keys(readComposeFile().services)

let project: ComposeProject
let alertmanager = ''

before(async () => {
  if (missing !== null) return
  const [ALERTMANAGER_PORT, PROMETHEUS_PORT] = [String(await freePort()), String(await freePort())]
  alertmanager = `http://127.0.0.1:${ALERTMANAGER_PORT}`
  project = new ComposeProject(`cf-audit-drain-test-${process.pid}`, { ALERTMANAGER_PORT, PROMETHEUS_PORT })
  await project.compose(['up', '--detach', '--build'], 300_000)
}, options)

after(async () => {
  if (missing === null) await project.compose(['down', '--volumes', '--timeout', '5'], 120_000)
}, options)

interface Shown {
  readonly guid: string
}

/** Every event that the simulated Cloud Controller has shown so far. */
async function shown(): Promise<readonly string[]> {
  const rows = JSON.parse(await project.fetch('http://simulator:8082/_simulator/shown')) as Shown[]
  return rows.map(({ guid }) => guid)
}

/** The guids of the messages that rsyslog has printed, in their order. */
async function received(): Promise<readonly string[]> {
  const text = await project.output('rsyslog')
  return [...text.matchAll(/ CEF:0\|Cloud Foundry\|Audit\|.* externalId=(\S+)/g)].map(match => match[1] ?? '')
}

async function lost(guids: readonly string[]): Promise<readonly string[]> {
  const there = new Set(await received())
  return guids.filter(guid => !there.has(guid))
}

async function nothingLost(guids: readonly string[]): Promise<void> {
  await until('rsyslog has every event', async () => (await lost(guids)).length === 0, 60_000, 500)
}

test('no container runs as root, writes to its file system, or is without limits', options, async () => {
  for (const name of names) {
    const json = await project.docker(['inspect', await project.container(name)])
    const [{ Config, HostConfig }] = JSON.parse(json) as [
      { Config: { User: string }; HostConfig: Readonly<Record<string, unknown>> },
    ]
    assert.match(Config.User, /^[1-9]/, name)
    assert.equal(HostConfig['ReadonlyRootfs'], true, name)
    assert.equal(HostConfig['Privileged'], false, name)
    assert.deepEqual(HostConfig['CapDrop'], ['ALL'], name)
    assert.ok(Number(HostConfig['Memory']) > 0, name)
  }
})

test('the SIEM has every event that Cloud Controller has shown', options, async t => {
  const guids = await shown()
  assert.ok(guids.length >= 500, `${guids.length}`)
  await nothingLost(guids)
  t.diagnostic(`${guids.length} events`)
})

test('a sink that is killed and started again loses nothing', options, async t => {
  await project.compose(['kill', '-s', 'SIGKILL', 'sink'], 30_000)
  // Only now: killing takes its time, and what came meanwhile may have been delivered.
  const before = await shown()
  await until('more events', async () => (await shown()).length >= before.length + 10, 60_000, 1000)
  const guids = await shown()
  const waiting = await lost(guids)
  assert.ok(waiting.length > 0, 'events wait for the sink')
  await project.compose(['start', 'sink'], 60_000)
  await nothingLost(guids)
  const lines = await received()
  const all = new Set(await shown())
  assert.deepEqual(
    lines.filter(guid => !all.has(guid) && !isOwnGuid(guid)),
    [],
    'nothing came that was not shown',
  )
  const twice = lines.length - new Set(lines).size
  assert.ok(twice <= 10_000, `${twice} came twice`)
  t.diagnostic(`${guids.length} events, ${waiting.length} waited, ${twice} came twice`)
})

interface Alert {
  readonly labels: Readonly<Record<string, string>>
  readonly status: { readonly state: string }
}

test('Alertmanager has a firing alert of a refused SSH', options, async () => {
  const alerts = async () => (await (await fetch(`${alertmanager}/api/v2/alerts`)).json()) as Alert[]
  const ringing = async () =>
    (await alerts())
      .filter(({ status }) => status.state === 'active')
      .map(({ labels }) => labels['alertname'] ?? '')
      .toSorted()
  await until(
    'two alerts, each of them for the first time',
    async () => (await ringing()).length >= 2,
    150_000,
    1000,
  )
  assert.deepEqual(await ringing(), ['CFAuditSSHUnauthorized', 'CFAuditWatchdog'])
})
