import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { releasedSchemas } from '@cf-audit-drain/event'
import { until } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { RegistryClient } from './registry-client.ts'
import { subjectOf } from './subject.ts'
import { keptBy } from './testing/keeper.ts'
import { answerJson, type RegistryMood, startScriptedRegistry } from './testing/scripted-registry.ts'
import { TopicIds } from './topic-ids.ts'

/** Goal: what a registry says wrongly, for a moment or of one subject, takes no ids away that are known otherwise. */
const topic = 'cf-audit.events.eu1'
const other = 'cf-audit.events.us1'
const released = releasedSchemas()
const schema = released[0] ?? assert.fail()
const { fingerprint } = schema

async function scene(t: TestContext, mood: RegistryMood) {
  const registry = await startScriptedRegistry()
  registry.mood = mood
  const client = new RegistryClient(
    { url: registry.url, login: null, caFile: null, requestTimeoutMs: 300, tries: 1 },
    { clock: systemClock, onWarning: assert.fail, env: {} },
  )
  t.after(async () => {
    await client.close()
    await registry.stop()
  })
  for (const [at, name] of [topic, other].entries())
    registry.held.set(subjectOf(name), new Map(released.map(({ text }, i) => [text, 10 * at + i + 1])))
  return { registry, client }
}

test('"not there" once, before what was kept is known, does not take it away; twice it does', () => {
  const warnings: string[] = []
  const ids = new TopicIds(topic, sentence => warnings.push(sentence))
  ids.answered(schema, null)
  assert.equal(ids.isKnown, false, 'nothing that would be kept in the place of what is')
  assert.deepEqual(warnings, [])
  ids.recall({ [fingerprint]: 7 })
  assert.deepEqual(ids.known(fingerprint), { id: 7, from: 'kept' })
  assert.deepEqual(ids.ids, { [fingerprint]: 7 })
  ids.answered(schema, null)
  assert.equal(ids.idOf(fingerprint), null)
  assert.match(warnings.join(), /is not registered under .*, where it had the id 7/)
  ids.recall({ [fingerprint]: 7 })
  assert.equal(ids.idOf(fingerprint), null, 'it was said twice')
  ids.answered(schema, 8)
  ids.answered(schema, null)
  assert.equal(ids.idOf(fingerprint), 8)
})

test('"not there" twice of what nobody has kept is said once, and "there" in between begins anew', () => {
  const warnings: string[] = []
  const ids = new TopicIds(topic, sentence => warnings.push(sentence))
  for (let i = 0; i < 4; i++) ids.answered(schema, null)
  assert.equal(warnings.length, 1)
  assert.equal(ids.isKnown, true)
  ids.answered(schema, 3)
  assert.equal(ids.idOf(fingerprint), 3)
})

test('a start at which the registry says once that nothing is there writes the ids that were kept', async t => {
  let answers = 0
  const { registry, client } = await scene(t, (response, { path }) => {
    // Then it hangs.
    if (answers++ < released.length) answerJson(response, 404, { error_code: 40401, message: `no ${path}` })
  })
  const { keeper, settled, stop } = keptBy(client, [topic])
  t.after(stop)
  await until('one round, and a second one begun', () => answers > released.length, 10_000)
  registry.mood = 'held'
  keeper.recall(topic, { registry: client.url, ids: { [fingerprint]: 1 } })
  assert.equal(keeper.idOf(topic, fingerprint), 1)
  await settled(({ topics }) => topics[0]?.missing === 0)
})

test('a subject that fails leaves the others their ids, and is named by its error', async t => {
  const { registry, client } = await scene(t, (response, { path, body }) => {
    if (path.startsWith('/schemas/')) {
      const id = Number(path.split('/').at(-1))
      answerJson(response, 200, { schema: released[(id - 1) % 10]?.text })
    } else if (path.includes(topic))
      answerJson(response, 500, { error_code: 50001, message: 'broken subject' })
    else answerJson(response, 200, { id: registry.held.get(subjectOf(other))?.get(JSON.parse(body).schema) })
  })
  const { keeper, settled, warnings, stop } = keptBy(client, [topic, other])
  t.after(stop)
  await settled(({ topics }) => topics[1]?.missing === 0)
  await keeper.asked
  const { isReachable, lastError, topics } = keeper.status()
  assert.equal(isReachable, true)
  assert.match(lastError ?? '', /answered 500: broken subject/)
  assert.equal(topics[0]?.missing, released.length)
  assert.match(warnings.join('\n'), /no ids are known yet for cf-audit\.events\.eu1: /)
  assert.equal(warnings.length, 1)
  registry.mood = 'held'
  await settled(({ lastError }) => lastError === null)
  assert.equal(keeper.status().topics[0]?.missing, 0)
})
