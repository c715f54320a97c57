import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { drivenClock, seededRandom } from '@cf-audit-drain/pipeline'
import { EventGenerator } from './event-generator.ts'
import { startFoundation } from './foundation.ts'
import { loadRecordedCollections } from './recorded-collections.ts'
import { authorizationOf } from './recorded-foundation.ts'
import { recordedEvents } from './recordings.ts'
import type { Resource } from './resource.ts'

async function made(t: TestContext) {
  const clock = drivenClock()
  const foundation = await startFoundation({ clock, random: seededRandom(1) })
  t.after(() => foundation.close())
  const get = async (path: string, as = 'client') => {
    const answer = await fetch(`${foundation.api}${path}`, { headers: authorizationOf(foundation, as) })
    const body = (await answer.json()) as Resource & { readonly resources?: readonly Resource[] }
    return { status: answer.status, body, guids: body.resources?.map(({ guid }) => guid) }
  }
  return { clock, foundation, get }
}

const created = (guid: string, more: object = {}) => ({
  type: 'audit.app.task.create',
  data: {
    task_guid: guid,
    request: { name: 'migrate', memory_in_mb: 512, command: '[PRIVATE DATA HIDDEN]' },
  },
  ...more,
})
/** Eight divides it: it fails. */
const failing = '00000008-0000-4000-8000-000000000000'
const succeeding = '00000001-0000-4000-8000-000000000000'

test('a task is made by its create event, waits, runs and ends by itself', async t => {
  const { clock, foundation, get } = await made(t)
  foundation.insert([created(failing), created(succeeding)])
  const seen = async () => [
    (await get(`/v3/tasks/${failing}`)).body['state'],
    (await get(`/v3/tasks/${succeeding}`)).body['state'],
  ]
  assert.deepEqual(await seen(), ['PENDING', 'PENDING'])
  clock.advance(1_500)
  assert.deepEqual(await seen(), ['RUNNING', 'RUNNING'])
  clock.advance(60_000)
  assert.deepEqual(await seen(), ['FAILED', 'SUCCEEDED'])
  const { body } = await get(`/v3/tasks/${failing}`)
  assert.deepEqual(body['result'], { failure_reason: 'APP/TASK/migrate: Exited with status 3' })
  assert.ok(String(body['updated_at']) > String(body.created_at))
})

test('a list never shows a command; one task does, but not to a global auditor', async t => {
  const { foundation, get } = await made(t)
  foundation.insert([created(failing), created(succeeding)])
  const { body, guids } = await get(`/v3/tasks?guids=${failing},none&per_page=2`)
  assert.deepEqual(guids, [failing])
  assert.equal('command' in (body.resources?.[0] ?? {}), false)
  assert.equal(typeof (await get(`/v3/tasks/${failing}`)).body['command'], 'string')
  const auditor = await get(`/v3/tasks/${failing}`, 'client_global_auditor')
  assert.deepEqual([auditor.status, 'command' in auditor.body], [200, false])
})

test('who has a role in the space sees its tasks, others none; without a scope it is a 403', async t => {
  const { foundation, get } = await made(t)
  foundation.insert([created(failing, { spaceGuid: 'a' }), created(succeeding, { spaceGuid: 'b' })])
  foundation.setMemberships('7b1c7c0a-2f5b-4d0e-9a3a-0d9a4a2f0003', { spaces: ['b'], organizations: ['o'] })
  assert.deepEqual((await get('/v3/tasks', 'bob')).guids, [succeeding])
  assert.equal((await get(`/v3/tasks/${failing}`, 'bob')).status, 404)
  assert.equal((await get('/v3/tasks', 'client_noscope')).status, 403)
})

test('what is pruned is not found: by hand, and 31 days after its end', async t => {
  const { clock, foundation, get } = await made(t)
  foundation.insert([created(failing), created(succeeding)])
  foundation.tasks.prune([failing])
  assert.equal((await get(`/v3/tasks/${failing}`)).status, 404)
  clock.advance(31 * 86_400_000)
  assert.equal((await get(`/v3/tasks/${succeeding}`)).status, 200)
  clock.advance(60_000)
  assert.equal((await get(`/v3/tasks/${succeeding}`)).status, 404)
})

test('the tasks of the recorded create events are there, those recorded themselves as they were', async t => {
  const { foundation, get } = await made(t)
  foundation.insert(recordedEvents())
  loadRecordedCollections(foundation.collections)
  const { guids = [] } = await get('/v3/tasks?per_page=5000')
  const creates = recordedEvents().filter(({ text }) => text?.includes('"audit.app.task.create"'))
  assert.equal(new Set(guids).size, guids.length)
  assert.ok(creates.length > 5)
  for (const { text = '' } of creates) assert.ok(guids.includes(JSON.parse(text).data.task_guid))
  const recorded = await get('/v3/tasks/95dd50f0-cf60-47fa-80e4-ffcfca38b30c')
  assert.deepEqual(recorded.body['result'], { failure_reason: 'APP/TASK/t-1: Exited with status 6' })
})

test('each generated create event has a task of its own', async () => {
  const generator = new EventGenerator(seededRandom(1), 'https://api.example.org')
  const rows = Array.from({ length: 50 }, () => generator.rowOf('audit.app.task.create', 0))
  const guids = rows.map(({ text = '' }) => JSON.parse(text).data.task_guid as string)
  assert.equal(new Set(guids).size, 50)
  for (const guid of guids)
    assert.match(guid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
