import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createScrubber, type EventNames, parseAuditEvent, type RawEvent } from '@cf-audit-drain/event'
import type { SimulatedRow } from '@cf-audit-drain/foundation-simulator'
import { NamedFoundation, nowSec, uuid } from './testing/named-foundation.ts'

const org = { guid: uuid(1), name: 'my org', created_at: '2025-01-01T00:00:00Z' }
const space = { guid: uuid(2), name: 'dev', created_at: '2025-01-01T00:00:00Z' }
const app = (name: string, guid = uuid(3)) => ({ guid, type: 'app', name })
const daySec = 86_400
const scrubber = createScrubber({ key: Buffer.alloc(32, 7) })

const ago = (sec: number, row: SimulatedRow): SimulatedRow => ({
  target: app('billing-api'),
  actor: { guid: uuid(4), type: 'user', name: 'bob@example.com' },
  spaceGuid: space.guid,
  organizationGuid: org.guid,
  createdAtUs: (nowSec() - sec) * 1e6,
  ...row,
})

/** Names the app by its guid only. */
const bound = (days: number, guid = uuid(3)) =>
  ago(days * daySec, {
    type: 'audit.service_binding.create',
    target: { guid: uuid(20), type: 'service_binding', name: '' },
    data: { request: { relationships: { app: { data: { guid } } } } },
  })

const renamed = (days: number, name: string) =>
  ago(days * daySec, { type: 'audit.app.update', target: app(name), data: { request: { name } } })
const deleted = (days: number, name: string) =>
  ago(days * daySec, { type: 'audit.app.delete-request', target: app(name) })

/** As a poller does before a backfill of the last 30 days: what was read ahead is named, and recorded. */
async function readAhead(one: NamedFoundation) {
  const recorded = new Map<string, EventNames>()
  const record = async (page: readonly RawEvent[]) => {
    await one.naming.prepare(page)
    for (const row of page) {
      const context = { foundation: 'test', scrubber, provenance: 'backfill', receivedAtMs: 0 } as const
      const event = parseAuditEvent(row, context)
      recorded.set(event.guid, one.naming.namesOf(row, event))
    }
  }
  const toSec = nowSec() + 1
  await one.naming.readAhead([{ fromSec: toSec - 30 * daySec, toSec }], AbortSignal.timeout(20_000), record)
  return recorded
}

const pages = (one: NamedFoundation) => one.asked('audit_events')

async function withPlaces(...args: Parameters<typeof NamedFoundation.make>) {
  const one = await NamedFoundation.make(...args)
  one.has('organizations', org)
  one.has('spaces', space)
  return one
}

test('an app that was deleted before anybody asked has its name in the events before, of their own time', async t => {
  const one = await withPlaces(t)
  one.foundation.insert([ago(20 * daySec, { type: 'audit.app.create', target: app('once') })])
  one.foundation.insert([renamed(13, 'billing-api'), deleted(12, 'billing-api')])
  await readAhead(one)
  assert.equal(pages(one), 1, 'no more requests than for organizations and spaces')
  const names = await one.namesOf(bound(14), bound(12.5))
  assert.deepEqual(
    names.map(({ related, unresolved }) => [related.map(({ name }) => name), unresolved]),
    [
      [['once'], []],
      [['billing-api'], []],
    ],
  )
})

test('of an app whose name before a renaming no event tells, the later name is not put in its place', async t => {
  const one = await withPlaces(t)
  one.foundation.insert([renamed(13, 'later'), deleted(12, 'later')])
  await readAhead(one)
  const [names] = await one.namesOf(bound(14))
  assert.deepEqual(names?.related, [])
  assert.deepEqual(names.unresolved, [{ kind: 'app', guid: uuid(3), reason: 'renamed' }])
})

test('SSH to a process that is created or deleted later in the backfill is told under its app', async t => {
  const one = await withPlaces(t)
  const process = (days: number, what: string, guid: string) =>
    ago(days * daySec, { type: `audit.app.process.${what}`, data: { process_guid: guid, process_type: 'w' } })
  one.foundation.insert([process(10, 'create', uuid(31)), process(9, 'delete', uuid(32))])
  await readAhead(one)
  const ssh = (guid: string) =>
    ago(11 * daySec, { type: 'audit.app.ssh-authorized', target: app('billing-api', guid) })
  const names = await one.namesOf(ssh(uuid(31)), ssh(uuid(32)))
  for (const { appGuid, unresolved } of names) assert.deepEqual([appGuid, unresolved], [uuid(3), []])
  assert.equal(one.asked('processes'), 0)
})

/** More than one page, the events of apps among them; a space that is gone at the end of the span. */
async function withManyApps(...args: Parameters<typeof NamedFoundation.make>) {
  const one = await NamedFoundation.make(...args)
  one.has('organizations', org)
  const row = (at: number) => ago(20 * daySec - at, { type: 'audit.app.update', data: { request: {} } })
  const guids = one.foundation.insert(Array.from({ length: 6_000 }, (_, at) => row(at)))
  const target = { guid: space.guid, type: 'space', name: 'dev' }
  const last = [deleted(2, 'billing-api'), ago(daySec, { type: 'audit.space.delete-request', target })]
  return { one, guids: [...guids, ...one.foundation.insert(last)] }
}

test('more than one page of them: the places whole, then the apps of that page, for one request more', async t => {
  const { one, guids } = await withManyApps(t)
  const recorded = await readAhead(one)
  assert.equal(pages(one), 2)
  assert.deepEqual([...recorded.keys()].toSorted(), [...guids.slice(0, 5_000), ...guids.slice(-1)].toSorted())
  const spaces = [...recorded.values()].map(names => names.space)
  assert.deepEqual([...new Set(spaces)], ['dev'], 'also of the first, long before the space was deleted')
})

test('where reading ahead fails after the first page, what was shown is recorded, and nothing else is asked', async t => {
  const { one } = await withManyApps(t)
  one.foundation.faults.add({ fault: 'error-503', path: '/v3/audit_events', after: 1, count: 100 })
  const recorded = await readAhead(one)
  assert.equal(recorded.size, 5_000)
  assert.equal(pages(one), 2)
})

test('where the page of all fails, as by being too much, the places are read alone', async t => {
  const { one, guids } = await withManyApps(t)
  one.foundation.faults.add({ fault: 'error-503', path: '/v3/audit_events', count: 1 })
  const recorded = await readAhead(one)
  assert.deepEqual([...recorded.keys()], guids.slice(-1))
  assert.equal(pages(one), 2)
})
