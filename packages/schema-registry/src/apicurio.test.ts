import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { releasedSchemas } from '@cf-audit-drain/event'
import { systemClock } from '@cf-audit-drain/pipeline'
import { checkSchemas } from './check-schemas.ts'
import { registerSchemas } from './register-schemas.ts'
import { RegistryClient } from './registry-client.ts'
import { SchemaIdKeeper } from './schema-id-keeper.ts'
import { subjectOf } from './subject.ts'
import { type Apicurio, apicurioMissing, startApicurio } from './testing/apicurio.ts'
import { keptBy } from './testing/keeper.ts'

const released = releasedSchemas()
const topics = ['cf-audit.events.eu1', 'cf-audit.events.us 1/ä']
const signal = AbortSignal.timeout(280_000)
const skip = process.env['REQUIRE_PEERS'] === '1' ? false : (apicurioMissing() ?? false)

describe('Apicurio', { skip }, () => {
  let apicurio: Apicurio
  let client: RegistryClient

  before(async () => {
    apicurio = await startApicurio(signal)
    client = new RegistryClient(
      { url: apicurio.url, login: null, caFile: null },
      { clock: systemClock, onWarning: assert.fail },
    )
  })
  after(async () => {
    await client?.close()
    await apicurio?.stop()
  })

  const register = async (dryRun = false) =>
    (await Array.fromAsync(registerSchemas(client, { topics, dryRun }, signal))).map(({ did }) => did)
  const verdicts = async () => (await checkSchemas(client, topics, signal)).map(({ verdict }) => verdict)

  test('is empty: a check says what to do, a dry run what would be done, and neither does anything', async () => {
    const [first] = await checkSchemas(client, topics, signal)
    assert.match(first?.text ?? '', /nothing is registered.*schemas register/)
    assert.deepEqual(new Set(await register(true)), new Set(['to-do']))
    assert.deepEqual(await client.versions(subjectOf(topics[0] ?? ''), signal), [])
  })

  test('is registered with once: the second time does nothing, and a check has nothing to say', async () => {
    const steps = await register()
    assert.equal(steps.length, topics.length * (1 + released.length))
    assert.deepEqual(new Set(steps), new Set(['done']))
    assert.deepEqual(new Set(await register()), new Set(['same']))
    assert.deepEqual(await verdicts(), ['ok', 'ok'])
    for (const topic of topics) {
      const subject = subjectOf(topic)
      assert.deepEqual(
        await client.versions(subject, signal),
        released.map(({ version }) => version),
      )
      assert.equal(await client.level(subject, signal), 'BACKWARD_TRANSITIVE')
      for (const { version, text } of releasedSchemas()) {
        assert.equal(await client.schemaOf(subject, version, signal), text)
        const id = await client.idOf(subject, text, signal)
        assert.equal(await client.schemaById(id ?? -1, signal), text)
      }
    }
  })

  test('refuses, once registered with, a schema that could not read all before it, as our own test does', async () => {
    const subject = subjectOf(topics[0] ?? '')
    const schema = JSON.parse(releasedSchemas().at(-1)?.text ?? '')
    schema.fields.push({ name: 'added', type: 'string' })
    const { isCompatible, reasons } = await client.compatibility(subject, JSON.stringify(schema), signal)
    assert.equal(isCompatible, false)
    assert.match(reasons.join(), /added/)
    await assert.rejects(client.register(subject, JSON.stringify(schema), signal), {
      name: 'RegistryError',
      kind: 'rejected',
    })
  })

  test('gives the ids that a poller writes with; looked up, never registered', async t => {
    const keeper = keptBy(client, [...topics, 'other'])
    t.after(keeper.stop)
    await keeper.keeper.asked
    const [v1, v2] = releasedSchemas().map(({ fingerprint }) => fingerprint)
    for (const topic of topics) {
      assert.equal(typeof keeper.keeper.idOf(topic, v1 ?? ''), 'number')
      assert.notEqual(keeper.keeper.idOf(topic, v1 ?? ''), keeper.keeper.idOf(topic, v2 ?? ''))
      assert.equal(keeper.keeper.idOf(topic, 'ffffffffffffffff'), null)
    }
    assert.equal(keeper.keeper.idOf('other', v1 ?? ''), null)
    await keeper.settled(() => /other-value.*schemas register/.test(keeper.warnings.join()))
    assert.deepEqual(await client.versions('other-value', signal), [])
  })

  test('with a stranger under the subject: the check fails and says which version, registering says that it is refused', async () => {
    const strange = subjectOf('strange')
    const schema = JSON.stringify({
      type: 'record',
      name: 'AuditEvent',
      namespace: 'io.cfauditdrain',
      fields: [{ name: 'foundation', type: 'long' }],
    })
    await client.register(strange, schema, signal)
    const found = await checkSchemas(client, ['strange'], signal)
    const failed = found.filter(({ verdict }) => verdict === 'FAIL').map(({ text }) => text)
    assert.match(failed.join('\n'), /version 1 there is no schema of this version.*cannot read it/)
    const steps = await Array.fromAsync(
      registerSchemas(client, { topics: ['strange'], dryRun: false }, signal),
    )
    assert.deepEqual(
      steps.map(({ did }) => did),
      ['done', ...released.map(() => 'failed')],
    )
    assert.match(steps[1]?.text ?? '', /409.*take it out/s)
  })

  test('wiped and filled again gives other ids: they are taken, and that is said', async t => {
    const [topic = ''] = topics
    const [v1 = ''] = releasedSchemas().map(({ fingerprint }) => fingerprint)
    const watched = keptBy(client, [topic])
    t.after(watched.stop)
    await watched.settled(({ topics }) => topics[0]?.missing === 0)
    const before = watched.keeper.idOf(topic, v1)
    const kept = watched.keeper.kept(topic)
    await watched.stop()
    await apicurio.wipe()
    // Another team was first.
    for (const name of ['A', 'B', 'C'])
      await client.register('theirs', JSON.stringify({ type: 'record', name, fields: [] }), signal)

    const next = keptBy(client, [topic])
    t.after(next.stop)
    assert.ok(kept)
    next.keeper.recall(topic, kept)
    await next.settled(({ topics }) => topics[0]?.missing === released.length)
    assert.match(next.warnings.join('\n'), new RegExp(`not registered.*had the id ${before}.*single objects`))
    await register()
    await next.settled(({ topics }) => topics[0]?.missing === 0)
    assert.notEqual(next.keeper.idOf(topic, v1), before)

    const later = new SchemaIdKeeper(client, [topic], {
      clock: systemClock,
      warn: sentence => warnings.push(sentence),
      inform: () => undefined,
    })
    const warnings: string[] = []
    later.recall(topic, kept)
    const stop = new AbortController()
    const running = later.run(stop.signal)
    t.after(() => stop.abort())
    await later.asked
    assert.match(
      warnings.join('\n'),
      new RegExp(`gives the id \\d+ to a schema .* that had ${before}: events written before`),
    )
    stop.abort()
    await running
  })
})
