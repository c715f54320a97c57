import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { shareKafka, skipWithoutKafka } from '@cf-audit-drain/kafka-broker'
import { committedOf, kcatBytes, skipWithoutKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { systemClock } from '@cf-audit-drain/pipeline'
import { skipWithoutApicurio, startApicurio } from '@cf-audit-drain/schema-registry/testing/apicurio'
import { decodedByAvro } from '@cf-audit-drain/schema-registry/testing/avro-judge'
import { begin, foundationWith, receiverOf, runs, temporary, until } from './command-for-tests.ts'

/** Goal: what other consumers of the topic read, and what happens without a registry. Method: the command itself, Kafka, Apicurio, Avro's own decoder. */
async function place(t: TestContext) {
  const dir = temporary(t)
  const kafka = await shareKafka()
  t.after(() => kafka.stop())
  const foundation = await foundationWith(t, 30)
  const { receiver, url } = await receiverOf(t)
  const prefix = `schemas-${process.pid}-${dir.slice(-6)}`
  const run = (args: readonly string[], registry: string, lines: readonly string[] = []) => {
    const config = join(dir, 'c.yaml')
    const { api, clientId, clientSecret } = foundation
    const ofKafka = [
      `brokers: [${kafka.brokers.join(', ')}]`,
      `prefix: ${prefix}`,
      'createTopics: true',
      'replicationFactor: 1',
      `schemaRegistry: { url: "${registry}" }`,
    ]
    writeFileSync(
      config,
      `foundations: [{name: lab, api: "${api}", clientId: "${clientId}", clientSecret: "${clientSecret}"}]\n` +
        `sinks: [{name: siem, url: "${url}"}]\nhttp: {address: "127.0.0.1:0"}\n${lines.join('\n')}\n` +
        `log:\n  kafka:\n${ofKafka.map(line => `    ${line}\n`).join('')}`,
    )
    return [...args, '--config', config, '--data-dir', join(dir, 'data')]
  }
  const poll = async (registry: string) => {
    const { code, out, err } = await runs(run(['poller', '--until-caught-up'], registry))
    assert.equal(code, 0, out + err)
    return out
  }
  /** Keys and values, by librdkafka. */
  const seen = async () => {
    const bytes = await kcatBytes(kafka.brokers, [...committedOf(`${prefix}.events.lab`), '-f', '%k %R%s'])
    const found: { guid: string; value: Buffer }[] = []
    for (let at = 0; at < bytes.length; ) {
      const end = bytes.indexOf(' ', at)
      const guid = bytes.toString('utf8', at, end)
      at = end + 1
      const length = bytes.readInt32BE(at)
      found.push({ guid, value: bytes.subarray(at + 4, at + 4 + length) })
      at += 4 + length
    }
    return found
  }
  const add = (guid: string) =>
    foundation.insert([{ guid, createdAtUs: (systemClock.now() - 60_000) * 1000 }])
  return { run, poll, seen, add, receiver, prefix }
}

/** By the schemas that the registry gives for the ids in the records, and by Avro's own implementation. */
async function decodedAsOthersDo(registry: string, records: readonly { readonly value: Buffer }[]) {
  const schemas = new Map<number, string>()
  for (const { value } of records) {
    assert.equal(value[0], 0, 'the magic byte')
    const id = value.readInt32BE(1)
    if (schemas.has(id)) continue
    const answer = await (await fetch(`${registry}/schemas/ids/${id}`)).json()
    schemas.set(id, (answer as { readonly schema: string }).schema)
  }
  return decodedByAvro(
    records.map(({ value }) => ({
      schema: schemas.get(value.readInt32BE(1)) ?? '',
      body: value.subarray(5),
    })),
  )
}

test('what is typed wrongly is told before anything is asked', async t => {
  const dir = temporary(t)
  const usage = async (...args: string[]) => {
    const { code, err } = await runs([...args, '--data-dir', dir], { KAFKA_BROKERS: '127.0.0.1:1' })
    assert.equal(code, 2)
    return err
  }
  assert.match(await usage('schemas'), /schemas register .* schemas check/)
  assert.match(await usage('schemas', 'check', '--dry-run'), /--dry-run is for schemas register/)
  assert.match(await usage('schemas', 'check'), /set KAFKA_BROKERS and SCHEMA_REGISTRY_URL/)
})

const nobody = 'http://127.0.0.1:1/apis/ccompat/v7'

test('registered, polled, decoded by the reference implementation; then without the registry, from what was kept', {
  timeout: 280_000,
}, async t => {
  if (skipWithoutKafka(t) || skipWithoutKcat(t) || skipWithoutApicurio(t)) return
  const apicurio = await startApicurio()
  t.after(() => apicurio.stop())
  const { run, poll, seen, add, receiver, prefix } = await place(t)
  const command = async (args: readonly string[], registry = apicurio.url) => runs(run(args, registry))

  const before = await command(['check', '--for', 'poller'])
  assert.match(before.out, /^WARN +schema registry +.*nothing is registered.*schemas register$/m)
  assert.deepEqual(
    [(await command(['schemas', 'check'])).code, (await command(['schemas', 'register', '--dry-run'])).code],
    [5, 5],
  )
  const registered = await command(['schemas', 'register'])
  assert.match(
    registered.out,
    new RegExp(`^done: schema 2 under ${prefix}\\.events\\.lab-value has the id \\d+$`, 'm'),
  )
  assert.equal(registered.code, 0)
  assert.equal((await command(['schemas', 'register'])).code, 0)
  const after = await command(['schemas', 'check'])
  assert.deepEqual([after.code, /^ok .*schemas 1, 2.* are registered/.test(after.out)], [0, true], after.out)

  await poll(apicurio.url)
  const published = await seen()
  assert.equal(published.length, 30)
  const decoded = await decodedAsOthersDo(apicurio.url, published)
  assert.deepEqual(
    decoded.map(({ guid }) => guid),
    published.map(({ guid }) => guid),
  )
  for (const one of decoded) assert.equal(one['foundation'], 'lab')

  const poller = begin(run(['poller'], apicurio.url))
  t.after(() => poller.child.kill('SIGKILL'))
  await until(() => /"leading/.test(poller.out()))
  await apicurio.stop()
  add('event-while-it-goes-down')
  let withIt = published
  while (withIt.length < 31) withIt = await seen()
  assert.equal(withIt.at(-1)?.guid, 'event-while-it-goes-down')
  assert.equal(withIt.at(-1)?.value[0], 0)
  poller.child.kill('SIGTERM')
  assert.equal((await poller.ended).code, 0)

  add('event-while-it-is-down')
  const out = await poll(apicurio.url)
  assert.match(out, /schema registry at .*ECONNREFUSED/)
  const last = (await seen()).at(-1)
  assert.equal(last?.guid, 'event-while-it-is-down')
  assert.deepEqual(last?.value[0], 0, 'written with the id that was kept')

  const away = await command(['schemas', 'register'])
  assert.deepEqual([away.code, away.out], [3, ''])
  assert.match(away.err, /schema registry at .*ECONNREFUSED/)
  const checked = await command(['check', '--for', 'poller'])
  assert.match(checked.out, /^FAIL +schema registry +.*ECONNREFUSED/m)

  const sink = begin(run(['sink'], nobody))
  t.after(() => sink.child.kill('SIGKILL'))
  await until(() => receiver.received >= 32)
  sink.child.kill('SIGTERM')
  const { code, out: told } = await sink.ended
  assert.equal(code, 0)
  assert.doesNotMatch(told, /registry|dead-letter/)
})

test('without a registry and without anything kept a poller writes single objects, and says so; nothing waits', {
  timeout: 120_000,
}, async t => {
  if (skipWithoutKafka(t) || skipWithoutKcat(t)) return
  const { run, seen } = await place(t)
  const poller = begin(run(['poller'], nobody))
  t.after(() => poller.child.kill('SIGKILL'))
  const urlOf = () => /"url":"(http:[^"]+)"/.exec(poller.out())?.[1]
  await until(() => urlOf() !== undefined)
  assert.match(poller.out(), /no ids are known yet for .*Avro single objects/)
  const ask = async (path: string) => (await fetch(`${urlOf()}${path}`)).text()
  const { schemaRegistry } = JSON.parse(await ask('/status'))
  assert.deepEqual([schemaRegistry.isReachable, schemaRegistry.topics[0].missing > 0], [false, true])
  const metrics = await ask('/metrics')
  assert.match(metrics, /^cf_audit_schema_registry_up 0$/m)
  assert.match(metrics, /^cf_audit_schema_ids_missing\{foundation="lab"\} [1-9]$/m)
  await until(() => /"standby|leading/.test(poller.out()))
  for (let events = await seen(); events.length < 30; events = await seen());
  assert.ok((await seen()).every(({ value }) => value.toString('hex', 0, 2) === 'c301'))
  poller.child.kill('SIGTERM')
  assert.equal((await poller.ended).code, 0)
})
