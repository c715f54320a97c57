import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { EventNames } from '@cf-audit-drain/event'
import { type Foundation, type SimulatedRow, startFoundation } from '@cf-audit-drain/foundation-simulator'
import { shareKafka, skipWithoutKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { Child } from '../faults/child.ts'
import { places } from '../faults/places.ts'

/**
 * Goal: an event has the names of its own time, also of what was renamed and deleted, when the process that looked them up
 * is gone and when another one has taken over. Method: the command itself, again and again, against a simulated foundation
 * whose things are renamed and removed in between.
 */
const testMs = 120_000
const longAgo = { created_at: '2025-01-01T00:00:00Z', updated_at: '2025-01-01T00:00:00Z' }
const org = { guid: '00000001-0000-4000-8000-000000000000', name: 'my org', ...longAgo }
const space = { guid: '00000002-0000-4000-8000-000000000000', name: 'dev', ...longAgo }
const app = { guid: '00000003-0000-4000-8000-000000000000', type: 'app', name: 'shop' }
const admin = { guid: '00000004-0000-4000-8000-000000000000', type: 'user', name: '' }

interface Scene {
  readonly foundation: Foundation
  /** Polls until everything is in the log; `machine`: whose data directory. */
  poll(machine?: string): Promise<void>
  /** The names of the events of the log, by guid. */
  names(): Promise<ReadonlyMap<string, EventNames>>
}

async function set(t: TestContext, more: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'end-to-end-names-'))
  const foundation = await startFoundation()
  t.after(async () => {
    await foundation.close()
    rmSync(folder, { recursive: true })
  })
  let runs = 0
  const run = async (args: readonly string[], machine: string) => {
    const [outputFile, errorFile] = ['out', 'err'].map(end => join(folder, `${++runs}.${end}`)) as [
      string,
      string,
    ]
    const { api, clientId, clientSecret } = foundation
    const child = new Child({
      command: places.drain,
      args,
      outputFile,
      errorFile,
      env: {
        CF_FOUNDATION: `lab-${process.pid}`,
        CF_API: api,
        CF_CLIENT_ID: clientId,
        CF_CLIENT_SECRET: clientSecret,
        DATA_DIR: join(folder, machine),
        HTTP_ADDRESS: '127.0.0.1:0',
        SCRUB_KEY: 'k'.repeat(32),
        ...more,
      },
    })
    await child.exited
    const out = readFileSync(outputFile, 'utf8')
    assert.equal(child.end, 0, out.slice(-2_000) + readFileSync(errorFile, 'utf8').slice(-2_000))
    return out
  }
  return {
    foundation,
    poll: async (machine = 'one') => {
      await run(['start', '--until-caught-up'], machine)
    },
    names: async () => {
      const lines = (await run(['events', '--json', '--limit', '1000'], 'one')).split('\n').filter(Boolean)
      const events = lines.map(line => JSON.parse(line) as { guid: string; names: EventNames })
      return new Map(events.map(({ guid, names }) => [guid, names]))
    },
  }
}

const ago = (sec: number, row: SimulatedRow = {}): SimulatedRow => ({
  actor: admin,
  target: app,
  spaceGuid: space.guid,
  organizationGuid: org.guid,
  createdAtUs: (systemClock.now() - sec * 1000) * 1000,
  ...row,
})

async function renameThenDelete({ foundation, poll, names }: Scene, other: string): Promise<void> {
  const { collections } = foundation
  collections.add('organizations', [org])
  collections.add('spaces', [space])
  collections.add('users', [{ guid: admin.guid, username: 'admin', presentation_name: 'admin' }])
  const process = { guid: '00000005-0000-4000-8000-000000000000' }
  collections.add('processes', [{ ...process, relationships: { app: { data: { guid: app.guid } } } }])
  const ssh = { type: 'audit.app.ssh-authorized', target: { ...process, type: 'app', name: 'shop' } }
  const [first = '', login = ''] = foundation.insert([ago(900), ago(890, ssh)])
  await poll()

  const target = { guid: org.guid, type: 'organization', name: 'renamed' }
  const update = { type: 'audit.organization.update', target, data: { request: { name: 'renamed' } } }
  collections.add('organizations', [{ ...org, name: 'renamed' }])
  const [renaming = ''] = foundation.insert([ago(600, update)])
  await poll()

  const removal = { target, data: { request: { recursive: true } } }
  for (const [kind, { guid }] of [
    ['organizations', org],
    ['spaces', space],
    ['users', admin],
    ['processes', process],
  ] as const)
    collections.remove(kind, guid)
  foundation.insert([ago(500, { type: 'audit.organization.delete-request', ...removal })])
  const [last = '', late = '', again = ''] = foundation.insert([ago(400), ago(700), ago(300, ssh)])
  await poll(other)

  const found = await names()
  const told = (guid: string) => {
    const { actor, organization, space, app, appGuid, unresolved } = found.get(guid) ?? assert.fail(guid)
    return [actor, organization, space, app, appGuid, unresolved.length]
  }
  assert.deepEqual(told(first), ['admin', 'my org', 'dev', 'shop', app.guid, 0])
  assert.deepEqual(told(login), ['admin', 'my org', 'dev', 'shop', app.guid, 0])
  assert.deepEqual(told(renaming).slice(0, 2), ['admin', 'renamed'])
  assert.deepEqual(told(last), ['admin', 'renamed', 'dev', 'shop', app.guid, 0])
  assert.deepEqual(told(late), ['admin', 'my org', 'dev', 'shop', app.guid, 0], 'it became visible late')
  assert.deepEqual(told(again), ['admin', 'renamed', 'dev', 'shop', app.guid, 0])
}

test('renamed, deleted, and restarted in between: every event has the names of its time', {
  timeout: testMs,
}, async t => {
  await renameThenDelete(await set(t), 'one')
})

test('on Kafka another machine takes over, and knows the names of what is deleted', {
  timeout: testMs,
}, async t => {
  if (skipWithoutKafka(t)) return
  const kafka = await shareKafka()
  t.after(() => kafka.stop())
  await renameThenDelete(
    await set(t, { KAFKA_BROKERS: kafka.brokers.join(','), KAFKA_PREFIX: `names-${process.pid}` }),
    'another',
  )
})

test('from scratch, what was renamed and deleted long ago is told by the events of then', {
  timeout: testMs,
}, async t => {
  const scene = await set(t)
  const day = 86_400
  const was = { guid: org.guid, type: 'organization', name: 'my org' }
  const removal = { data: { request: { recursive: true } } }
  const [before = '', , between = ''] = scene.foundation.insert([
    ago(20 * day),
    ago(15 * day, {
      type: 'audit.organization.update',
      target: { ...was, name: 'renamed' },
      data: { request: { name: 'renamed' } },
    }),
    ago(10 * day),
    ago(9 * day, {
      type: 'audit.space.delete-request',
      target: { guid: space.guid, type: 'space', name: 'dev' },
      ...removal,
    }),
    ago(8 * day, {
      type: 'audit.organization.delete-request',
      target: { ...was, name: 'renamed' },
      ...removal,
    }),
    ago(25 * day, { type: 'audit.organization.create', target: was, data: { request: { name: 'my org' } } }),
  ])
  await scene.poll()
  const found = await scene.names()
  const told = (guid: string) => [found.get(guid)?.organization, found.get(guid)?.space]
  assert.deepEqual(told(before), ['my org', 'dev'])
  assert.deepEqual(told(between), ['renamed', 'dev'])
  assert.deepEqual(found.get(before)?.unresolved, [{ kind: 'user', guid: admin.guid, reason: 'absent' }])
})
