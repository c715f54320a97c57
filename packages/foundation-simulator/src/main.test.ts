import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock } from '@cf-audit-drain/pipeline'
import type { ShownPage, ShownRow } from './history.ts'

interface Ready {
  readonly api: string
  readonly uaa: string
  readonly control: string
  readonly clientId: string
  readonly clientSecret: string
}

let child: ChildProcess
let ready: Ready
let token: string

before(async () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const args = [
    main,
    '--seed',
    '5',
    '--events',
    '3000',
    '--days',
    '14',
    '--keep-pages',
    '--faults',
    'error-502:1',
  ]
  child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  assert.ok(child.stdout)
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  ready = JSON.parse(line) as Ready
  const form = {
    grant_type: 'client_credentials',
    client_id: ready.clientId,
    client_secret: ready.clientSecret,
  }
  const answer = await fetch(`${ready.uaa}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })
  token = ((await answer.json()) as { access_token: string }).access_token
})

after(async () => {
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  assert.deepEqual(await exited, [0, null])
})

async function control<T>(method: string, action: string, body?: unknown): Promise<T> {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) }
  const answer = await fetch(`${ready.control}/_simulator/${action}`, init)
  assert.equal(answer.status, 200)
  return (await answer.json()) as T
}

async function list(query: string): Promise<Response> {
  return fetch(`${ready.api}/v3/audit_events${query}`, { headers: { authorization: `bearer ${token}` } })
}

interface Page {
  readonly pagination: { readonly total_results: number }
  readonly resources: readonly { readonly guid: string }[]
}
const total = async (): Promise<number> => {
  return ((await (await list('?per_page=1')).json()) as Page).pagination.total_results
}

test('a simulator in another process has its history, strikes as its command line says, and is steered', async () => {
  assert.equal((await list('')).status, 502)
  assert.equal(await total(), 3000)
  await control('POST', 'rows', [{ guid: 'from-outside', type: 'audit.app.ssh-unauthorized' }])
  assert.equal(await total(), 3001)
  await control('POST', 'faults', { fault: 'database-503' })
  assert.equal((await list('')).status, 503)
  await control('DELETE', 'rows', ['from-outside'])
  const shown = await control<ShownRow[]>('GET', 'shown')
  assert.equal(shown.length, 3001)
  assert.deepEqual(
    shown.filter(({ deleted }) => deleted).map(({ guid }) => guid),
    ['from-outside'],
  )
  const pages = await control<ShownPage[]>('GET', 'pages')
  assert.deepEqual(
    pages.map(({ totalResults }) => totalResults),
    [3000, 3001],
  )
})

test('--help prints the usage, and an option that is not there is one sentence and the usage', async () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const said = async (...args: string[]) => {
    const one = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    const [out, err, [code]] = await Promise.all([text(one.stdout), text(one.stderr), once(one, 'exit')])
    return { out, err, code }
  }
  const [help, wrong] = await Promise.all([said('--help'), said('--no-such-option')])
  assert.deepEqual([help.code, help.err], [0, ''])
  assert.match(help.out, /^foundation-simulator: .*\n\n {2}npm run simulator -- \[OPTION…\]\n/s)
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const table = readme.slice(readme.indexOf('| option '), readme.indexOf('On the control port'))
  for (const [option] of table.matchAll(/--[a-z][a-z0-9-]+/g)) assert.ok(help.out.includes(option), option)
  assert.deepEqual([wrong.code, wrong.out], [2, ''])
  assert.match(wrong.err, /^Unknown option '--no-such-option'[^\n]*\n\nfoundation-simulator: /)
})

test('its history spans the days asked for, oldest first, each event once', async () => {
  const { resources } = (await (await list('?per_page=5000&order_by=created_at')).json()) as {
    resources: { guid: string; created_at: string }[]
  }
  assert.equal(new Set(resources.map(({ guid }) => guid)).size, 3000)
  const spanMs = Date.parse(resources.at(-1)?.created_at ?? '') - Date.parse(resources[0]?.created_at ?? '')
  assert.ok(spanMs > 13 * 86_400_000 && spanMs <= 14 * 86_400_000, `${spanMs} ms`)
  assert.ok(systemClock.now() - Date.parse(resources.at(-1)?.created_at ?? '') < 86_400_000)
})

test('what its events speak of has names', async () => {
  const { resources } = (await (await list('?per_page=5000&types=audit.app.start')).json()) as {
    resources: { target: { guid: string; name: string }; organization: { guid: string } }[]
  }
  const [first] = resources
  assert.ok(first)
  const path = `/v3/apps?guids=${first.target.guid}&include=space,space.organization`
  const answer = await fetch(`${ready.api}${path}`, { headers: { authorization: `bearer ${token}` } })
  const found = (await answer.json()) as {
    resources: { name: string }[]
    included: { organizations: { guid: string }[] }
  }
  assert.equal(found.resources[0]?.name, first.target.name)
  assert.equal(found.included.organizations[0]?.guid, first.organization.guid)
})
