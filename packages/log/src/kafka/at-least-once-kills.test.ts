import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { shareKafka, skipWithoutKafka } from '@cf-audit-drain/kafka-broker'
import { seenByKcat, skipWithoutKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { guidsOf, makeEntries } from '../contract-suite/made-up-entries.ts'
import { openKafkaLog } from './kafka-log.ts'
import { Names } from './names.ts'
import { type ChildOrders, childPath } from './publishing-child-for-tests.ts'

const children = new Set<ChildProcess>()
after(() => {
  for (const child of children) child.kill('SIGKILL')
})

const kills = Number(process.env['KILLS'] ?? 6)
const seed = Number(process.env['SEED'] ?? 20_261_122)

/**
 * Goal: what a publish answered for is in the log, whenever the process is killed; and with one process at a time
 * nothing is there twice. Method: kill -9 at random moments, until everything is published; kcat counts.
 */
test(`kill -9 at ${kills} moments loses nothing without transactions, and doubles nothing`, async t => {
  if (skipWithoutKafka(t) || skipWithoutKcat(t)) return
  const kafka = await shareKafka()
  t.after(() => kafka.stop())
  t.diagnostic(`SEED=${seed} KILLS=${kills}`)
  const random = seededRandom(seed)
  const prefix = `kills-${process.pid}`
  const topic = new Names(prefix).events('lab')
  const total = kills * 5_000
  const orders = { brokers: kafka.brokers, prefix, delivery: 'at-least-once', total } as const
  let answered = 0
  for (let round = 0; round <= kills; round++) {
    const child = publish({ ...orders, seed: seed + round })
    assert.ok(child.stdout)
    const lines = createInterface(child.stdout)
    lines.on('line', line => {
      answered = Number(line)
    })
    const ended = once(lines, 'close')
    if (round < kills) {
      await once(lines, 'line')
      await systemClock.sleep(random() * 120)
      child.kill('SIGKILL')
    }
    await ended
    const held = new Set((await seenByKcat(kafka.brokers, topic)).map(({ guid }) => guid))
    const lost = guidsOf(makeEntries(0, answered)).filter(guid => !held.has(guid))
    assert.deepEqual(lost, [], `seed ${seed} round ${round}: of ${answered} answered for`)
  }
  assert.equal(answered, total, 'the last one was not killed')
  const records = await seenByKcat(kafka.brokers, topic)
  assert.deepEqual(
    records.map(({ guid }) => guid),
    guidsOf(makeEntries(0, total)),
  )
  assert.deepEqual(
    records.map(({ seq }) => seq),
    records.map((_, i) => i + 1),
  )
  const log = openKafkaLog(orders, { clock: systemClock })
  t.after(() => log.close())
  assert.equal((await log.tallies())[0]?.count, total)
})

function publish(orders: ChildOrders): ChildProcess {
  const args = [childPath, JSON.stringify(orders)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}
