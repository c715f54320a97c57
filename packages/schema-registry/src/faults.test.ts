import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { releasedSchemas } from '@cf-audit-drain/event'
import { until } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { RegistryClient, type RegistryOptions } from './registry-client.ts'
import { subjectOf } from './subject.ts'
import { keptBy } from './testing/keeper.ts'
import { answerJson, type RegistryMood, startScriptedRegistry } from './testing/scripted-registry.ts'

const topic = 'cf-audit.events.eu1'
const released = releasedSchemas()
const newest = released.length - 1
const fingerprint = released[newest]?.fingerprint ?? ''
const password = 'pass-w0rd-of-the-registry'
const signal = AbortSignal.timeout(60_000)

async function registryOf(t: TestContext) {
  const registry = await startScriptedRegistry()
  t.after(() => registry.stop())
  return registry
}

function clientOf(t: TestContext, url: string, options: Partial<RegistryOptions> = {}) {
  const client = new RegistryClient(
    { url, login: null, caFile: null, requestTimeoutMs: 300, ...options },
    { clock: systemClock, onWarning: assert.fail, env: {} },
  )
  t.after(() => client.close())
  return client
}

/** Schema 1 has the id `base`, the next ones those after it. */
const allHeld = (base: number) =>
  new Map([[subjectOf(topic), new Map(released.map(({ text }, i) => [text, base + i]))]])

const html = (status: number) => (response: ServerResponse) =>
  response.writeHead(status, { 'content-type': 'text/html' }).end(`<h1>no ${password}</h1>`)

/** What each says, and whether it is asked again at once. */
const faults: readonly [string, RegistryMood, RegExp, number][] = [
  [
    '401',
    response => answerJson(response, 401, { error_code: 40101, message: `no ${password}` }),
    /refuses the login \(401: no \*\*\*\): correct username and password/,
    1,
  ],
  ['403', html(403), /refuses the login \(403\)/, 1],
  [
    '500',
    response => answerJson(response, 500, { error_code: 50001, message: `kafka ${password}` }),
    /answered 500: kafka \*\*\*; nothing is wrong with the request/,
    3,
  ],
  ['503 as HTML', html(503), /answered 503; nothing/, 3],
  [
    'a page that is no registry',
    html(200),
    /is no schema registry: its answer \(200, text\/html\) does not say what was asked; log\.kafka\.schemaRegistry\.url/,
    1,
  ],
  ['404 of something else', html(404), /is no schema registry: it answered 404 with text\/html/, 1],
  ['a redirect', response => response.writeHead(302, { location: '/login' }).end(), /redirects \(302\)/, 1],
  [
    'an id that is no number',
    response => answerJson(response, 200, { id: '7' }),
    /does not say what was asked/,
    1,
  ],
  [
    'an id that does not fit into four bytes',
    response => answerJson(response, 200, { id: 2 ** 31 }),
    /does not say what was asked/,
    1,
  ],
  [
    'half an answer',
    response => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{')
      setImmediate(() => response.destroy())
    },
    /broke off/,
    3,
  ],
  [
    'an endless answer',
    response => {
      response.writeHead(200, { 'content-length': String(1e9) })
      response.write('{')
    },
    /longer than any schema/,
    1,
  ],
  [
    'a connection that is cut',
    response => response.destroy(),
    /cannot be reached: the connection was closed/,
    3,
  ],
  ['no answer', () => undefined, /no whole answer within 300 ms/, 1],
]

for (const [what, mood, sentence, tries] of faults)
  test(`${what}: one sentence with what to do, no secret, and no more than ${tries} requests`, async t => {
    const registry = await registryOf(t)
    registry.mood = mood
    const client = clientOf(t, registry.url, { login: { username: 'u', password: () => password } })
    const error = await client.idOf('s', '"string"', signal).catch((error: Error) => error)
    assert.ok(error instanceof Error)
    assert.match(error.message, sentence)
    assert.doesNotMatch(error.message, new RegExp(password))
    assert.equal(registry.asked.length, tries)
    assert.equal(registry.asked[0]?.authorization, `Basic ${Buffer.from(`u:${password}`).toString('base64')}`)
  })

test('a bearer token is read for every request, and a file that cannot be read is a sentence', async t => {
  const registry = await registryOf(t)
  const tokens = ['one-token', 'another-token']
  const read = () => tokens.shift() ?? assert.fail(Object.assign(new Error(), { code: 'ENOENT' }))
  const client = clientOf(t, `${registry.url}/root/`, { login: { token: read } })
  assert.deepEqual(await client.versions('a b/c', signal), [])
  assert.deepEqual(await client.versions('a', signal), [])
  const seen = registry.asked.map(({ authorization, path }) => [authorization, path])
  assert.deepEqual(seen, [
    ['Bearer one-token', '/root/subjects/a b/c/versions'],
    ['Bearer another-token', '/root/subjects/a/versions'],
  ])
  await assert.rejects(client.versions('a', signal), /file with the secret .* cannot be read \(ENOENT\)/)
})

test('down from the start, with what the last writer kept: its ids are written, and confirmed when it is back', async t => {
  const registry = await registryOf(t)
  for (const [subject, schemas] of allHeld(7)) registry.held.set(subject, schemas)
  await registry.stop()
  const client = clientOf(t, registry.url)
  const { keeper, settled, warnings, told, stop } = keptBy(client, [topic])
  t.after(stop)
  keeper.recall(topic, { registry: client.url, ids: { [fingerprint]: 7 + newest } })
  await keeper.asked
  assert.equal(keeper.idOf(topic, fingerprint), 7 + newest)
  assert.match(warnings.join('\n'), /ECONNREFUSED.*events are written with the ids that are known/)
  assert.equal(keeper.status().isReachable, false)
  await settled(({ lastError }) => lastError !== null)
  assert.equal(warnings.length, 1, 'the same again is not said again')
  await registry.start()
  await settled(({ isReachable }) => isReachable === true)
  assert.deepEqual(
    keeper.status().topics[0]?.schemas.map(({ id, from }) => [id, from]),
    released.map((_, i) => [7 + i, 'registry']),
  )
  assert.deepEqual(told, ['the schema registry answers again'])
})

test('down from the start, what the last writer kept is told to be written, though its place in the log is opened later', async t => {
  const registry = await registryOf(t)
  await registry.stop()
  const client = clientOf(t, registry.url)
  const { keeper, settled, warnings, told, stop } = keptBy(client, [topic])
  t.after(stop)
  await settled(({ lastError }) => lastError !== null)
  assert.match(warnings[0] ?? '', /no ids are known yet for \S+: events are written with those that .* kept/)
  keeper.recall(topic, { registry: client.url, ids: { [fingerprint]: 7 } })
  keeper.recall(topic, { registry: client.url, ids: { [fingerprint]: 7 } })
  assert.deepEqual(told, [
    `events are written to ${topic} with the ids that an earlier writer kept in the log, until the schema registry answers`,
  ])
})

test('down from the start, with nothing kept: no id, said at once, and known as soon as it is there', async t => {
  const registry = await registryOf(t)
  await registry.stop()
  const { keeper, settled, warnings, stop } = keptBy(clientOf(t, registry.url), [topic])
  t.after(stop)
  await keeper.asked
  assert.equal(keeper.idOf(topic, fingerprint), null)
  assert.equal(keeper.kept(topic), null)
  assert.match(warnings.join('\n'), /no ids are known yet for cf-audit\.events\.eu1.*Avro single objects/)
  for (const [subject, schemas] of allHeld(3)) registry.held.set(subject, schemas)
  await registry.start()
  await settled(({ topics }) => topics[0]?.missing === 0)
  const ids = Object.fromEntries(released.map(({ fingerprint }, i) => [fingerprint, 3 + i]))
  assert.deepEqual(keeper.kept(topic)?.ids, ids)
})

test('what was kept of another registry is not taken for its own', async t => {
  const registry = await registryOf(t)
  await registry.stop()
  const { keeper, stop } = keptBy(clientOf(t, registry.url), [topic])
  t.after(stop)
  keeper.recall(topic, { registry: 'http://127.0.0.1:1', ids: { [fingerprint]: 8 } })
  assert.equal(keeper.idOf(topic, fingerprint), null)
})

const moods: readonly [string, RegistryMood][] = [
  ['hangs', () => undefined],
  ['answers 500', html(500)],
  ['answers garbage', html(200)],
]
for (const [what, mood] of moods)
  test(`${what} in mid-run: the ids stay, and nobody waits`, async t => {
    const registry = await registryOf(t)
    for (const [subject, schemas] of allHeld(1)) registry.held.set(subject, schemas)
    const { keeper, settled, stop } = keptBy(clientOf(t, registry.url), [topic])
    t.after(stop)
    await settled(({ topics }) => topics[0]?.missing === 0)
    registry.mood = mood
    await settled(({ isReachable }) => isReachable === false)
    assert.equal(keeper.idOf(topic, fingerprint), 1 + newest)
    registry.mood = 'held'
    await settled(({ isReachable }) => isReachable === true)
    assert.equal(keeper.status().lastError, null)
  })

test('one that says for a moment that nothing is there is not believed at once; at the second time it is', async t => {
  const registry = await registryOf(t)
  for (const [subject, schemas] of allHeld(1)) registry.held.set(subject, schemas)
  const { keeper, settled, warnings, stop } = keptBy(clientOf(t, registry.url), [topic])
  t.after(stop)
  await settled(({ topics }) => topics[0]?.missing === 0)
  let emptyAnswers = 0
  registry.mood = (response, { path, body }) => {
    const id = registry.held.get(subjectOf(topic))?.get(JSON.parse(body).schema)
    if (emptyAnswers++ < released.length)
      answerJson(response, 404, { error_code: 40401, message: `no ${path}` })
    else answerJson(response, 200, { id })
  }
  await until('asked for all, twice', () => emptyAnswers > 2 * released.length, 10_000)
  assert.equal(keeper.idOf(topic, fingerprint), 1 + newest)
  assert.deepEqual(warnings, [])

  registry.held.clear()
  registry.mood = 'held'
  await settled(({ topics }) => topics[0]?.missing === released.length)
  assert.equal(warnings.length, released.length)
  assert.deepEqual(keeper.kept(topic)?.ids, {}, 'what the next start finds')
  assert.match(
    // The registry may have been emptied between two of them.
    warnings.toSorted()[0] ?? '',
    /schema 1 of events is not registered under .*, where it had the id 1: .*single objects/,
  )
})

test('an id for which consumers would be given another schema is not used', async t => {
  const registry = await registryOf(t)
  registry.mood = (response, { path }) =>
    answerJson(response, 200, path.startsWith('/schemas') ? { schema: '"string"' } : { id: 5 })
  const { keeper, settled, stop } = keptBy(clientOf(t, registry.url), [topic])
  t.after(stop)
  await settled(({ isReachable }) => isReachable === true)
  assert.equal(keeper.idOf(topic, fingerprint), null)
})

test('something that takes connections and speaks no HTTP is a sentence', async t => {
  const server = createServer(socket => void socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.2\r\n'))
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = clientOf(t, `http://127.0.0.1:${port}`, { tries: 1 })
  await assert.rejects(client.versions('a', signal), /schema registry at http.*cannot be reached/)
})
