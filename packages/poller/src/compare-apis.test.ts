import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type AuditEventPage, cloudController } from '@cf-audit-drain/cloud-foundry'
import { createScrubber, rawGuid } from '@cf-audit-drain/event'
import { everyRecordedEvent, type Foundation, startFoundation } from '@cf-audit-drain/foundation-simulator'
import { manualClock, seededRandom } from '@cf-audit-drain/pipeline'
import { ApiUnsteadyError, compareApis, isEqual } from './compare-apis.ts'
import type { AuditEvents } from './read-segment.ts'
import { handSetSource } from './testing/hand-set-source.ts'

const signal = new AbortController().signal
const scrubber = createScrubber({ key: new Uint8Array(32) })
const span = {
  fromSec: Date.parse('2026-11-22T02:00:00Z') / 1000,
  toSec: Date.parse('2026-11-22T09:00:00Z') / 1000,
}

async function scene(t: TestContext) {
  const foundation = await startFoundation({ v2: true })
  foundation.insert(everyRecordedEvent())
  const { api, clientId, clientSecret } = foundation
  const by = (apiVersion: 'v3' | 'v2') =>
    cloudController(
      { name: 'eu1', api, clientId, clientSecret, apiVersion },
      { clock: foundation.clock, random: seededRandom(1) },
    )
  const [v3, v2] = [by('v3'), by('v2')]
  t.after(async () => {
    await Promise.all([v3.close(), v2.close()])
    await foundation.close()
  })
  return { foundation, v3, v2 }
}

async function compared(v3: AuditEvents, v2: AuditEvents, within = span) {
  const deps = { v3, v2, foundation: 'eu1', scrubber, clock: manualClock() }
  return Array.fromAsync(compareApis(deps, within, signal))
}

/** The source, its pages changed on the way. */
const changed = (source: AuditEvents, change: (page: AuditEventPage) => AuditEventPage): AuditEvents => ({
  auditEvents: async (query, signal) => change(await source.auditEvents(query, signal)),
  countAuditEvents: (window, signal) => source.countAuditEvents(window, signal),
  perPageMax: source.perPageMax ?? 5000,
})

const aGuid = (foundation: Foundation) => foundation.shown()[700]?.guid ?? assert.fail()

test('of every recorded event both show the same, secrets and unusual ones included', async t => {
  const { v3, v2 } = await scene(t)
  const windows = await compared(v3, v2)
  assert.ok(windows.every(isEqual))
  for (const api of ['v3', 'v2'] as const)
    assert.equal(
      windows.reduce((sum, window) => sum + window[api], 0),
      2193,
    )
})

test('a busy hour is compared a page at a time, and differences without end are counted, not kept', async t => {
  const { foundation, v3, v2 } = await scene(t)
  const busyUs = Date.parse('2026-11-22T12:00:00Z') * 1000
  const count = 12_000
  foundation.insert(Array.from({ length: count }, (_, i) => ({ createdAtUs: busyUs + i * 250_000 })))
  const within = { fromSec: busyUs / 1e6, toSec: busyUs / 1e6 + 3_600 }
  const asked: string[] = []
  const noting = (api: string, source: AuditEvents): AuditEvents => ({
    ...changed(source, page => page),
    auditEvents: async (query, signal) => {
      const page = await source.auditEvents(query, signal)
      asked.push(`${api} ${page.resources.length}`)
      return page
    },
  })
  const windows = await compared(noting('v3', v3), noting('v2', v2), within)
  assert.deepEqual(
    windows.map(({ fromSec }) => fromSec).slice(1),
    windows.map(({ toSec }) => toSec).slice(0, -1),
  )
  assert.ok(windows.length >= 3 && windows.every(window => isEqual(window) && window.v3 <= 5_000))
  assert.equal(
    windows.reduce((sum, window) => sum + window.v2, 0),
    count,
  )
  assert.equal(asked.filter(one => one.startsWith('v3')).length, 3, asked.join())

  const nothing = handSetSource([{ rows: [], total: 0 }]).events
  for (const [one, other] of [
    [nothing, v2],
    [v3, nothing],
  ] as const) {
    const found = await compared(one, other, within)
    assert.ok(found.every(({ differences }) => differences.length <= 1_000))
    assert.equal(
      found.reduce((sum, window) => sum + window.differing, 0),
      count,
    )
  }
})

test('what one API writes as an escape and the other as it is is no difference, within secrets neither', async t => {
  const { foundation, v3, v2 } = await scene(t)
  const at = '2026-11-22T02:00:00Z'
  const data = String.raw`{"request":{"password":"a\u0026\u003cb\u003e","url":"https://u:p\u0026w@example.com/?a=1\u0026token=abc\u0026b=2","n":9007199254740993,"a\u0026b":"\u2028 \\u0026"}}`
  const rows = ['e1', 'e2'].map(guid => ({
    text: `{"guid":"${guid}","created_at":"${at}","updated_at":"${at}","type":"audit.app.update","actor":{"guid":"u","type":"user","name":"a\\u0026b"},"target":null,"data":${data}}`,
  }))
  foundation.insert(rows)
  const windows = await compared(v3, v2)
  assert.deepEqual(
    windows.flatMap(({ differences }) => differences),
    [],
  )
  assert.ok((windows[0]?.v2 ?? 0) >= 2)
})

test('an event that differs is named with the fields in which it does, and with nothing of what is in them', async t => {
  const { foundation, v3, v2 } = await scene(t)
  const guid = aGuid(foundation)
  const other = changed(v2, page => ({
    ...page,
    resources: page.resources.map(row =>
      rawGuid(row) === guid
        ? {
            ...row,
            dataText: '{"a":1}',
            value: { ...(row.value as object), target: { guid: 'x', type: 'app', name: 'y' } },
          }
        : row,
    ),
  }))
  const differences = (await compared(v3, other)).flatMap(window => window.differences)
  assert.equal(differences.length, 1)
  const [{ found, fields, type, ...one }] = differences as [(typeof differences)[number]]
  assert.equal(one.guid, guid)
  assert.equal(found, 'in both, differing')
  assert.ok(type.length > 0)
  assert.ok(fields.includes('data') && fields.includes('target.name'), fields.join())
})

test('a row that the one shows and the other does not is named, from either side', async () => {
  const rows = [
    { guid: 'a', sec: 10 },
    { guid: 'b', sec: 11 },
  ]
  const both = { rows, total: 2 }
  const one = { rows: rows.slice(1), total: 1 }
  const within = { fromSec: 10, toSec: 20 }
  const found = async (first: typeof both, second: typeof both) =>
    (await compared(handSetSource([first]).events, handSetSource([second]).events, within))
      .flatMap(({ differences }) => differences)
      .map(({ guid, found }) => `${guid} ${found}`)
  assert.deepEqual(await found(both, one), ['a only in v3'])
  assert.deepEqual(await found(one, both), ['a only in v2'])
})

test('a row that appears between the two readings is no difference, for they are read again', async () => {
  const early = { rows: [{ guid: 'a', sec: 10 }], total: 1 }
  const late = {
    rows: [
      { guid: 'a', sec: 10 },
      { guid: 'b', sec: 10 },
    ],
    total: 2,
  }
  const [window] = await compared(handSetSource([early, late]).events, handSetSource([late]).events, {
    fromSec: 10,
    toSec: 20,
  })
  assert.ok(window && isEqual(window))
})

test('an API that counts rows and does not show them is not compared', async () => {
  const wrong = handSetSource([{ rows: [], total: 3 }]).events
  await assert.rejects(compared(wrong, wrong, { fromSec: 0, toSec: 60 }), ApiUnsteadyError)
})
