import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { hasProgram } from '@cf-audit-drain/syslog/testing/rsyslogd'
import { Allowances } from './allowances.ts'
import { check, type Ends } from './checker.ts'
import { type LoggedEvent, lagOf, readLog, readReceived, readShown, receivedEvent } from './read-ends.ts'

/** Three ends that agree on ten events. */
function ends(change: { logged?: LoggedEvent[]; received?: string[]; malformed?: number } = {}): Ends {
  const shown = new Map(
    guids.map(guid => {
      const event = { guid, type: 'audit.app.update', createdAtSec: 1_795_318_103, malformed: false }
      return [guid, { ...event, deleted: false, paged: true }]
    }),
  )
  const logged = change.logged ?? guids.map(guid => entry(guid))
  const received = (change.received ?? guids.map(guid => cef(guid))).map(receivedEvent)
  const state = { events: logged, malformed: change.malformed ?? 0, refused: 0, lastOffset: 10, cursor: 10 }
  return { shown, logged: state, received, foundations: ['eu1'] }
}

const guids = Array.from({ length: 10 }, (_, at) => `00000000-0000-4000-8000-00000000000${at}`)
const entry = (guid: string): LoggedEvent => ({
  foundation: 'eu1',
  guid,
  type: 'audit.app.update',
  createdAtSec: 1_795_318_103,
})
const cef = (guid: string, type = 'audit.app.update', rt = 1_795_318_103_000) =>
  `<109>1 2026-11-22T02:43:39+00:00 eu1 x [AUDIT/0] m [t] CEF:0|Cloud Foundry|Audit|1.0|${type}|Updated|3|rt=${rt} ` +
  `externalId=${guid} deviceExternalId=eu1 msg=externalId\\=no`

test('three ends that agree have no fault', () => {
  const { shown, ...faults } = check(ends())
  assert.equal(shown, 10)
  assert.deepEqual(faults, { lost: [], phantom: [], doubledInLog: [], doubledAtReceiver: 0, mangled: [] })
})

test('a loss in the log and a loss at the receiver are found', () => {
  const inLog = check(ends({ logged: guids.slice(1).map(guid => entry(guid)) }))
  assert.match(inLog.lost.join(), /0000 is not in the log/)
  const atReceiver = check(ends({ received: guids.slice(0, 9).map(guid => cef(guid)) }))
  assert.match(atReceiver.lost.join(), /0009 is not at the receiver/)
})

test("an event of the drain's own is no phantom, but doubled in the log it is a fault", () => {
  const own = { ...entry('cfad0000-0000-8000-8000-000000000000'), type: 'cf-audit-drain.task.completed' }
  const logged = guids.map(guid => entry(guid))
  assert.deepEqual(check(ends({ logged: [...logged, own] })).phantom, [])
  assert.equal(check(ends({ logged: [...logged, own, own] })).doubledInLog.length, 1)
  assert.equal(check(ends({ logged: [...logged, { ...own, type: 'audit.app.update' }] })).phantom.length, 1)
})

test('an event that was never shown, or belongs to no foundation of ours, is a phantom', () => {
  const invented = '11111111-0000-4000-8000-000000000000'
  assert.equal(check(ends({ logged: [...guids, invented].map(guid => entry(guid)) })).phantom.length, 1)
  assert.equal(check(ends({ received: [...guids, invented].map(guid => cef(guid)) })).phantom.length, 1)
  const elsewhere = [...guids.map(guid => entry(guid)), { ...entry(guids[0] ?? ''), foundation: 'eu2' }]
  assert.equal(check(ends({ logged: elsewhere })).phantom.length, 1)
})

test('of what retention removed only the part that was in the log once may be missing at the receiver', () => {
  const allowances = new Allowances()
  const [first = '', second = '', ...others] = guids
  allowances.removed = [entry(first)]
  const seen = (received: string[]) =>
    check(
      allowances.applied(
        ends({
          logged: [second, ...others].map(guid => entry(guid)),
          received: received.map(guid => cef(guid)),
        }),
      ),
    ).lost
  assert.deepEqual(seen([second, ...others]), [])
  assert.deepEqual(seen(others), [`eu1 ${second} is not at the receiver`])
})

test('every record of poison has to be refused, and of a foundation that is not judged nothing counts', () => {
  const allowances = new Allowances()
  allowances.poisoned = 1
  assert.deepEqual(check(allowances.applied(ends())).mangled, ['0 events were refused by the sink, not 1'])
  allowances.poisoned = 0
  allowances.ignored.add('eu2')
  const elsewhere = [...guids.map(guid => entry(guid)), { ...entry(guids[0] ?? ''), foundation: 'eu2' }]
  assert.deepEqual(check(allowances.applied(ends({ logged: elsewhere }))).phantom, [])
})

test('doubles are found in the log and counted at the receiver', () => {
  const twice = [...guids, guids[3] ?? '']
  assert.equal(check(ends({ logged: twice.map(guid => entry(guid)) })).doubledInLog.length, 1)
  assert.equal(check(ends({ received: [...twice, ...twice].map(guid => cef(guid)) })).doubledAtReceiver, 12)
})

test('another type, another time or another content is mangled', () => {
  const [first = '', ...rest] = guids
  const others = rest.map(guid => cef(guid))
  assert.equal(check(ends({ received: [cef(first, 'audit.app.stop'), ...others] })).mangled.length, 1)
  assert.equal(
    check(ends({ received: [cef(first, 'audit.app.update', 1_000), ...others] })).mangled.length,
    1,
  )
  assert.equal(
    check(ends({ logged: [{ ...entry(first), createdAtSec: 7 }, ...rest.map(guid => entry(guid))] })).mangled
      .length,
    1,
  )
})

test('in JSON actor, target and data are compared with what Cloud Controller shows', () => {
  const [first = ''] = guids
  const whole = (data: object) =>
    `<109>1 t eu1 x [AUDIT/0] m [t x="y"] ${JSON.stringify({
      foundation: 'eu1',
      guid: first,
      type: 'audit.app.update',
      createdAt: '2026-11-22T03:28:23Z',
      actor: { guid: 'a', type: 'user', name: 'n' },
      target: { guid: 'b', type: 'app', name: 'm' },
      spaceGuid: 's',
      organizationGuid: null,
      scrubbedPaths: [],
      data,
    })}`
  const original = {
    actor: { name: 'n', guid: 'a', type: 'user' },
    target: { guid: 'b', type: 'app', name: 'm' },
    space: { guid: 's' },
    organization: null,
    data: { n: 1 },
  }
  const base = ends({ received: [] })
  const mangled = (data: object) =>
    check({
      ...base,
      received: [receivedEvent(whole(data))],
      originals: new Map([[first, original]]),
    }).mangled.filter(fault => fault.includes(': data'))
  assert.equal(mangled({ n: 1 }).length, 0)
  assert.equal(mangled({ n: 2 }).length, 1)
})

test('malformed events belong into the dead letters, each once, and nowhere else', () => {
  const bad = ends()
  const shown = new Map(bad.shown)
  const guid = guids[0] ?? ''
  const event = shown.get(guid)
  assert.ok(event)
  shown.set(guid, { ...event, malformed: true })
  const verdict = check({ ...bad, shown })
  assert.equal(verdict.phantom.length, 2)
  assert.match(verdict.mangled.join(), /0 dead letters for 1 malformed/)
})

test('a malformed event that was shown and then deleted may be among the dead letters, and need not', () => {
  const bad = ends()
  const [guid = '', ...others] = guids
  const event = bad.shown.get(guid)
  assert.ok(event)
  const logged = { ...bad.logged, events: bad.logged.events.filter(one => one.guid !== guid) }
  const received = bad.received.filter(one => one.guid !== guid)
  const complaints = (malformed: number, paged: boolean) => {
    const shown = new Map(bad.shown).set(guid, { ...event, malformed: true, deleted: true, paged })
    return check({ ...bad, shown, logged: { ...logged, malformed }, received }).mangled
  }
  assert.ok(others.length > 0)
  assert.deepEqual([complaints(0, true), complaints(1, true), complaints(0, false)], [[], [], []])
  assert.equal(complaints(2, true).length, 1)
  assert.equal(complaints(1, false).length, 1)
})

test('the three ends are read from their files, the log by sqlite3', t => {
  if (!hasProgram(t, 'sqlite3', 'sqlite3')) return
  const folder = mkdtempSync(join(tmpdir(), 'faults-checker-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const history = join(folder, 'history.ndjson')
  const row = (guid: string) =>
    JSON.stringify({
      kind: 'row',
      guid,
      type: 'audit.app.update',
      createdAtUs: 1_795_318_103_999_999,
      malformed: false,
    })
  const page = (guid: string, query: string, whole: boolean) =>
    JSON.stringify({ kind: 'page', request: `/v3/audit_events?${query}`, guids: [guid], whole })
  const lines = [
    ...['seen', 'counted', 'broken'].map(row),
    page('seen', 'per_page=5000', true),
    page('counted', 'per_page=1', true),
    page('broken', 'per_page=5000', false),
    JSON.stringify({ kind: 'deleted', guids: ['seen', 'counted', 'broken'] }),
  ]
  writeFileSync(history, `${lines.join('\n')}\n{"kind":"row","gu`)
  const shown = readShown(history)
  assert.deepEqual(
    [...shown.values()].map(({ guid, deleted, paged, createdAtSec }) => [guid, deleted, paged, createdAtSec]),
    [
      ['seen', true, true, 1_795_318_103],
      ['counted', true, false, 1_795_318_103],
      ['broken', true, false, 1_795_318_103],
    ],
  )
  const database = join(folder, 'log.db')
  execFileSync('sqlite3', [
    database,
    `CREATE TABLE events (offset INTEGER PRIMARY KEY, foundation, guid, type, created_at);
     CREATE TABLE dead_letters (origin); CREATE TABLE cursors (sink, offset);
     INSERT INTO events VALUES (4, 'eu1', 'seen', 'audit.app.update', 1795318103);
     INSERT INTO dead_letters VALUES ('poller'); INSERT INTO cursors VALUES ('siem', 1);`,
  ])
  const logged = readLog(database)
  assert.deepEqual(logged.events, [{ ...entry('seen') }])
  assert.equal(logged.malformed, 1)
  assert.equal(lagOf(logged), 3)
  const framesFile = join(folder, 'frames.ndjson')
  writeFileSync(framesFile, `${JSON.stringify({ connection: 1, frame: cef('seen') })}\n`)
  const received = readReceived(framesFile, 'frames')
  assert.deepEqual(
    check({ shown, logged, received, foundations: ['eu1'] }).lost,
    [],
    'what was counted or came broken, and was deleted then, could not be had',
  )
})
