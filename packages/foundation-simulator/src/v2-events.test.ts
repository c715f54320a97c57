import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Foundation, startFoundation } from './foundation.ts'
import { everyRecordedEvent } from './recordings.ts'
import { wholeSecond } from './simulated-row.ts'

interface V2Row {
  readonly metadata: { readonly guid: string }
  readonly entity: { readonly timestamp: string; readonly actor_username: string | null }
}

let foundation: Foundation
let token: string
before(async () => {
  foundation = await startFoundation({ v2: true })
  token = foundation.token({ clientId: 'a-client', scopes: ['cloud_controller.admin'] })
})
after(() => foundation.close())

async function ask(path: string, bearer = token, method = 'GET') {
  const answer = await fetch(`${foundation.api}${path}`, {
    method,
    headers: { authorization: `bearer ${bearer}` },
  })
  const text = await answer.text()
  return { status: answer.status, type: answer.headers.get('content-type'), text }
}

async function page(query: string) {
  const { status, text } = await ask(`/v2/events?${query}`)
  assert.equal(status, 200, text)
  return JSON.parse(text) as {
    total_results: number
    total_pages: number
    next_url: string | null
    resources: V2Row[]
  }
}

async function walk(first: string): Promise<V2Row[]> {
  const rows: V2Row[] = []
  for (let next: string | null = `/v2/events?${first}`; next !== null; ) {
    const answer = await page(next.split('?')[1] ?? '')
    rows.push(...answer.resources)
    next = answer.next_url
  }
  return rows
}

const time = (us: number) => wholeSecond(us)
const secondUs = Date.parse('2026-11-20T10:00:00Z') * 1000

test('250 rows of one second, in pages of at most 100, by their links, in the order of their stamps', async () => {
  const guids = foundation.insert(
    Array.from({ length: 250 }, (_, at) => ({ createdAtUs: secondUs + (at % 2) * 500_000 + at })),
  )
  const rows = await walk(
    `results-per-page=100&q=timestamp>=${time(secondUs)}&q=timestamp<${time(secondUs + 1e6)}`,
  )
  const byStamp = [...guids.filter((_, at) => at % 2 === 0), ...guids.filter((_, at) => at % 2 === 1)]
  assert.deepEqual(
    rows.map(({ metadata }) => metadata.guid),
    byStamp,
  )
  const falling = await walk(
    `order-direction=desc&results-per-page=100&q=timestamp>=${time(secondUs)};timestamp<${time(secondUs + 1e6)}`,
  )
  assert.deepEqual(
    falling.map(({ metadata }) => metadata.guid),
    byStamp.toReversed(),
  )
})

test('rows of one stamp come in the order they were written, not by guid', async () => {
  const us = secondUs + 3_600_000_000
  const guids = foundation.insert(Array.from({ length: 20 }, () => ({ createdAtUs: us })))
  const { resources } = await page(`q=timestamp:${time(us)}`)
  assert.deepEqual(
    resources.map(({ metadata }) => metadata.guid),
    guids,
  )
})

test('`>` and `<=` take the second as a whole, `>=` and `<` its first moment', async () => {
  const us = secondUs + 7_200_000_000
  foundation.insert([0, 1, 999_980, 1_000_000].map(offset => ({ createdAtUs: us + offset })))
  const count = async (...filters: string[]) =>
    (await page(filters.map(filter => `q=${filter}`).join('&'))).total_results
  const end = `timestamp<${time(us + 60e6)}`
  assert.equal(await count(`timestamp>=${time(us)}`, end), 4)
  assert.equal(await count(`timestamp>${time(us)}`, end), 1)
  assert.equal(await count(`timestamp>=${time(us)}`, `timestamp<=${time(us)}`), 3)
  assert.equal(await count(`timestamp>=${time(us)}`, `timestamp<${time(us + 1e6)}`), 3)
  assert.equal(await count(`timestamp:${time(us)}`), 3)
  assert.equal(await count(`timestamp>=${time(us).replace('Z', '.5Z')}`, end), 2)
})

test('what is wrong is said in the words of v2', async () => {
  const { status, text } = await ask('/v2/events?order-by=type')
  assert.deepEqual([status, JSON.parse(text).code], [500, 10012])
  const narrow = foundation.token({ clientId: 'x', scopes: ['uaa.resource'] })
  const refused = await ask('/v2/events', narrow)
  assert.deepEqual([refused.status, JSON.parse(refused.text).error_code], [403, 'CF-InsufficientScope'])
  const missing = await ask('/v2/events/nobody')
  assert.deepEqual([missing.status, JSON.parse(missing.text).code], [404, 230002])
  foundation.faults.add({ fault: 'error-500' }, { fault: 'unauthorized' }, { fault: 'error-502' })
  const codes = []
  for (let at = 0; at < 3; at++) codes.push((await ask('/v2/events')).text.slice(0, 40))
  assert.match(codes.join(), /"description":"Invalid Auth Token/)
  assert.match(codes.join(), /"description":"An unknown error/)
  assert.match(codes.join(), /502 Bad Gateway/)
})

test('an admin deletes an event and nobody else does', async () => {
  const [guid] = foundation.insert([{ createdAtUs: secondUs + 86_400_000_000 }])
  const auditor = foundation.token({ clientId: 'x', scopes: ['cloud_controller.global_auditor'] })
  assert.equal((await ask(`/v2/events/${guid}`, auditor, 'DELETE')).status, 403)
  assert.equal((await ask(`/v2/events/${guid}`)).status, 200)
  assert.equal((await ask(`/v2/events/${guid}`, token, 'DELETE')).status, 204)
  assert.equal((await ask(`/v2/events/${guid}`)).status, 404)
  assert.equal((await ask(`/v3/audit_events/${guid}`)).status, 404)
  assert.equal(foundation.shown().find(row => row.guid === guid)?.deleted, true)
})

test('data comes through v2 byte for byte, as in v3 but for the escapes of Rails, unusual rows too', async () => {
  const other = await startFoundation({ v2: true })
  try {
    other.insert(everyRecordedEvent())
    const bearer = other.token({ clientId: 'c', scopes: ['cloud_controller.admin'] })
    for (const { guid } of other.shown()) {
      const v3 = other.text(guid) ?? ''
      if (!/1795318103340123457|"crash_count"|\\u00/.test(v3)) continue
      const answer = await fetch(`${other.api}/v2/events/${guid}`, {
        headers: { authorization: `bearer ${bearer}` },
      })
      const escaped = v3.slice(v3.indexOf('"data":') + 7, v3.lastIndexOf(',"space":'))
      const data = escaped.replaceAll('\\u0026', '&').replaceAll('\\u003c', '<').replaceAll('\\u003e', '>')
      assert.ok((await answer.text()).includes(`"metadata":${data},"space_guid"`), guid)
    }
  } finally {
    await other.close()
  }
})

test('switched off, it is the plain text of nginx for everyone and every path but /v2/info', async () => {
  const off = await startFoundation()
  try {
    for (const [path, status] of [
      ['/v2/events', 404],
      ['/v2/apps', 404],
      ['/v2/info', 200],
    ] as const) {
      const answer = await fetch(`${off.api}${path}`)
      assert.equal(answer.status, status)
      if (status !== 404) continue
      assert.equal(answer.headers.get('content-type'), 'text/html')
      assert.equal(await answer.text(), 'V2 endpoints disabled')
    }
  } finally {
    await off.close()
  }
})

test('what v3 writes as an escape of Rails v2 writes as it is, and every other escape stays', async () => {
  const data = String.raw`{"a\u0026b":"\u003ci\u003e \\u0026 \u2028 \" \n \u0001 é"}`
  const at = '2026-11-22T03:00:00Z'
  const row = `{"guid":"esc","created_at":"${at}","updated_at":"${at}","type":"audit.app.update","actor":null,"target":null,"data":${data}}`
  foundation.insert([{ text: row }])
  const { text } = await ask('/v2/events/esc')
  assert.ok(text.includes(`"metadata":{"a&b":"<i> \\\\u0026 \u2028 \\" \\n \\u0001 é"}`), text)
})
