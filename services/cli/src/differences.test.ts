import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import {
  addWorld,
  addWorldStates,
  EventGenerator,
  type Foundation,
  setStates,
  startFoundation,
} from '@cf-audit-drain/foundation-simulator'
import { reasonToSkipKafka } from '@cf-audit-drain/kafka-broker'
import { seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { until } from './command-for-tests.ts'
import { eventually, Lab, type LabRun, logOnKafka, uuid } from './lab-for-tests.ts'

const times = { created_at: '2026-11-21T00:00:00Z', updated_at: '2026-11-21T00:00:00Z' }
const mallory = { guid: uuid(700), type: 'user', name: 'mallory@example.com' }
const variables = '/v3/environment_variable_groups/running'

async function foundationFor(t: TestContext): Promise<Foundation> {
  const foundation = await startFoundation({})
  t.after(() => foundation.close())
  const { world } = new EventGenerator(seededRandom(1), foundation.api)
  addWorld(foundation.collections, world, foundation.api)
  addWorldStates(foundation.collections, world, foundation.api)
  return foundation
}

/** Every start reads every kind at once. */
const labOf = (t: TestContext, foundation: Foundation, log: object, kinds: readonly string[]) =>
  new Lab(t, foundation, log, { overlap: '1s', stateDifferences: { every: '1h', kinds } })

const statesOf = async (run: LabRun) => (await run.status()).stateDifferences

/** Once every kind has come so far. */
const areRead = (run: LabRun, result: RegExp) =>
  eventually(async () => {
    const all: readonly { readonly result: string | null }[] | null = await statesOf(run)
    return all?.every(({ result: last }) => result.test(last ?? '')) ?? false
  })

function change({ collections, insert }: Foundation, group: string): void {
  const role = (number: number, space: string) => ({
    guid: uuid(number),
    ...times,
    type: 'space_developer',
    relationships: {
      user: { data: { guid: mallory.guid } },
      organization: { data: null },
      space: { data: { guid: space } },
    },
  })
  setStates(collections, {
    put: {
      security_groups: [{ guid: group, rules: [{ protocol: 'all', destination: '0.0.0.0/0' }] }],
      feature_flags: [{ name: 'diego_docker', enabled: true }],
      roles: [role(1, uuid(801)), role(2, uuid(802))],
      users: [{ guid: mallory.guid, username: mallory.name }],
    },
    documents: { [variables]: { ...times, name: 'running', var: { PROXY: 'http://u:hunter2@proxy' } } },
  })
  insert([{ type: 'audit.user.space_developer_add', target: mallory, spaceGuid: uuid(801) }])
}

const kinds = ['security-group', 'feature-flag', 'role', 'environment-variable-group']
const expected = [
  'environment-variable-group',
  'feature-flag.risky-enabled',
  'role',
  'role.unexplained',
  'security-group.opened',
].map(kind => `cf-audit-drain.state.${kind}`)

async function survivesKills(t: TestContext, log: object): Promise<void> {
  const foundation = await foundationFor(t)
  const one = labOf(t, foundation, log, kinds)
  const first = one.start()
  await areRead(first, /baseline/)
  await first.kill()
  const group =
    foundation.collections.all('security_groups').find(({ name }) => name === 'database')?.guid ?? ''
  change({ ...foundation, insert: rows => foundation.insert(rows) }, group)

  const second = one.start()
  await areRead(second, /read/)
  const all = await one.events('cf-audit-drain.state.*')
  assert.deepEqual(all.map(({ type }) => type).sort(), expected)
  const unexplained = all.find(({ type }) => type.endsWith('unexplained'))
  const explained = all.find(({ type }) => type.endsWith('state.role'))
  assert.deepEqual([unexplained?.data['object'], unexplained?.target.name], [uuid(2), mallory.name])
  const [by] = (explained?.data['explained_by'] ?? []) as { type: string }[]
  assert.deepEqual([explained?.data['object'], by?.type], [uuid(1), 'audit.user.space_developer_add'])
  const metrics = await second.get('/metrics')
  assert.match(metrics, /cf_audit_state_unexplained_total\{foundation="lab",kind="role"\} 1/)
  assert.match(metrics, /cf_audit_state_readings_total\{foundation="lab",kind="role",result="read"\} 1/)
  const said = `${second.out()}${second.err()}${metrics}${await second.get('/status')}${JSON.stringify(all)}`
  assert.ok(!said.includes('hunter2') && !said.includes('proxy.example.com'))
  await second.kill()

  const third = one.start()
  await areRead(third, /read/)
  await third.kill()
  assert.equal((await one.events('cf-audit-drain.state.*')).length, all.length, 'each is told once')
  assert.match(await one.ledger(), /"short":0/)
}

/** Each has a foundation and a log of its own, and waits most of the time. */
describe('differences of state', { concurrency: 3 }, () => {
  test('read through kills, on disk: each difference is told once', { timeout: 240_000 }, t =>
    survivesKills(t, {}),
  )

  test(
    'read through kills, on Kafka: each difference is told once',
    {
      skip: reasonToSkipKafka(),
      timeout: 300_000,
    },
    async t => survivesKills(t, await logOnKafka(t, 'states')),
  )

  test('an endpoint that hangs for a minute delays no event and no other kind; one that is refused is said once', {
    timeout: 180_000,
  }, async t => {
    const foundation = await foundationFor(t)
    const one = labOf(t, foundation, {}, ['domain', 'security-group', 'feature-flag'])
    foundation.faults.add({
      fault: 'hang-before-headers',
      path: '/v3/domains',
      durationMs: 60_000,
      count: 1_000,
    })
    foundation.faults.add({ fault: 'forbidden', path: '/v3/security_groups', count: 1_000 })
    const running = one.start()
    await until(() => (foundation.requests.byPath.get('/v3/domains') ?? 0) > 0)
    for (let round = 0; round < 3; round++) {
      const startedMs = systemClock.monotonic()
      foundation.insert([{ type: 'audit.app.start' }])
      await one.eventsOnce(round + 1, 'audit.app.start')
      const tookMs = systemClock.monotonic() - startedMs
      assert.ok(tookMs < 30_000, `an event took ${Math.round(tookMs)} ms`)
    }
    await eventually(async () => (await statesOf(running))[2].result === 'baseline')
    const [domains, groups] = await statesOf(running)
    assert.notEqual(domains.result, 'baseline')
    assert.equal(groups.result, 'refused')
    assert.equal(running.out().split('this kind of state is not read').length, 2)
    await running.kill()
  })
})
