import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

interface Ready {
  readonly api: string
  readonly uaa: string
  readonly clientId: string
  readonly clientSecret: string
  readonly narrowClientId: string
  readonly narrowClientSecret: string
}

async function simulator(t: TestContext, ...args: string[]): Promise<Ready> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(async () => {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return JSON.parse(line) as Ready
}

/** Status, scope of the token and number of events of a client. */
async function seenBy({ api, uaa }: Ready, id: string, secret: string) {
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret }
  const issued = await fetch(`${uaa}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })
  const { access_token, scope } = (await issued.json()) as { access_token: string; scope: string }
  const answer = await fetch(`${api}/v3/audit_events?per_page=5000`, {
    headers: { authorization: `bearer ${access_token}` },
  })
  const body = (await answer.json()) as {
    pagination?: { total_results: number }
    resources?: { organization: { guid: string } | null }[]
  }
  const organizations = new Set(body.resources?.map(({ organization }) => organization?.guid))
  return { status: answer.status, scope, total: body.pagination?.total_results, organizations }
}

const wide = (ready: Ready) => seenBy(ready, ready.clientId, ready.clientSecret)
const narrow = (ready: Ready) => seenBy(ready, ready.narrowClientId, ready.narrowClientSecret)

test('a narrow client sees the events of one organization, while the first client sees all', async t => {
  const ready = await simulator(t, '--events', '2000', '--narrow-client', 'organization')
  assert.equal((await wide(ready)).total, 2000)
  const { status, scope, total = 0, organizations } = await narrow(ready)
  assert.deepEqual([status, scope, organizations.size], [200, 'cloud_controller.read', 1])
  assert.ok(total > 0 && total < 2000, `${total} of 2000`)
})

test('of the recorded events it sees those of the organization that carol audits', async t => {
  const ready = await simulator(t, '--recorded', '--narrow-client', 'organization')
  const { organizations } = await narrow(ready)
  assert.deepEqual([...organizations], ['8856ed7e-475b-4134-98e2-4c943c020e5d'])
})

test('one without a role gets 200 and nothing, one without a scope 403', async t => {
  const roleless = await narrow(await simulator(t, '--events', '50', '--narrow-client', 'nothing'))
  assert.deepEqual([roleless.status, roleless.total], [200, 0])
  const scopeless = await narrow(await simulator(t, '--events', '50', '--narrow-client', 'refused'))
  assert.equal(scopeless.status, 403)
})

test('what a narrow client cannot see is said when it is typed', () => {
  const { status, stderr } = spawnSync(process.execPath, [main, '--narrow-client', 'a-bit'], {
    encoding: 'utf8',
  })
  assert.equal(status, 1)
  assert.match(stderr, /--narrow-client is "a-bit"; it can be organization, nothing, refused/)
})
