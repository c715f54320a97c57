import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, seededRandom } from '@cf-audit-drain/pipeline'
import { connect, take } from './delivery-taking.ts'
import type { LogUnderTest } from './log-under-test.ts'
import { makeEntries } from './made-up-entries.ts'

/** Everything at once, against a model. */
export function mixtureSuite(under: LogUnderTest): void {
  const { reopen, crash, publish, checkpointOf, held } = under

  test('any mixture of publishing, delivering, crashing and restarting loses and doubles nothing', async t => {
    for (const seed of [1, 2, 3]) {
      t.diagnostic(`seed ${seed}`)
      const random = seededRandom(seed)
      const sink = `sink-${seed}`
      const to = `foundation-${seed}`
      const model = new Set<string>()
      let checkpoint: string | null = null
      let delivered: string[] = []
      let source = await connect(under.log, sink, 5)
      for (let step = 0; step < 60; step++) {
        const chance = random()
        if (chance < 0.5) {
          const entries = makeEntries(pick(random, 150), pick(random, 12)).map(entry => ({
            ...entry,
            guid: `${seed}-${entry.guid}`,
          }))
          const fresh = entries.filter(entry => !model.has(entry.guid)).length
          checkpoint = `step ${step}`
          assert.equal(await publish(entries, checkpoint, to), fresh, `seed ${seed} step ${step}`)
          for (const entry of entries) model.add(entry.guid)
        } else if (chance < 0.85) {
          const lag = (await under.log.positions()).find(position => position.sink === sink)?.lag ?? 0
          if (lag === 0) continue
          const delivery = await take(source)
          const refused = random() < 0.3
          await delivery.settle(refused ? new Error('refused') : undefined)
          const mine = delivery.batch.filter(record => record.foundation === to)
          if (!refused) delivered = [...delivered, ...mine.map(record => record.guid)]
        } else {
          if (chance > 0.93) await source.close()
          await (chance > 0.93 ? reopen() : crash())
          assert.equal(await checkpointOf(to), checkpoint, `seed ${seed} step ${step}`)
          source = await connect(under.log, sink, 5)
        }
      }
      await source.close()
      assert.deepEqual(await held({ foundation: to }), [...model], `seed ${seed}`)
      assert.deepEqual(delivered, [...model].slice(0, delivered.length), `seed ${seed}`)
    }
  })
}

function pick(random: Random, below: number): number {
  return Math.floor(random() * below)
}
