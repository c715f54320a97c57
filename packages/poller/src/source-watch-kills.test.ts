import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOwnGuid } from '@cf-audit-drain/event'
import { seededRandom } from '@cf-audit-drain/pipeline'
import { alterWriter } from './testing/alter-writer.ts'
import { ledgerFaults } from './testing/ledger-audit.ts'
import type { PolledFoundation } from './testing/polled-foundation.ts'
import { dayMs, goesOn, shownGuids, watchedSource } from './testing/watched-source.ts'

const seeds = (process.env['SEEDS'] ?? '1,2').split(',').map(Number)

/** Kills the session at the first publish of an event of our own: before it is done, or after. */
function killAtTelling(one: PolledFoundation, when: 'before' | 'after'): { kills: number } {
  const state = { kills: 0 }
  alterWriter(one.log, real => ({
    publish: async (...what) => {
      const isTelling = what[0].some(({ guid }) => isOwnGuid(guid))
      const isKill = isTelling && state.kills < 1
      if (isKill) state.kills++
      if (isKill && when === 'before') throw new Error('killed before it was told')
      const result = await real.publish(...what)
      if (isKill) throw new Error('killed after it was told')
      return result
    },
  }))
  return state
}

async function restarted(one: PolledFoundation): Promise<void> {
  await one.stop()
  await one.started()
}

for (const when of ['before', 'after'] as const)
  test(`a loss is told once, though the process ends right ${when} telling it`, async t => {
    const one = await watchedSource(t, { days: 3, everyMin: 10 })
    const lost = shownGuids(one, ago => ago < dayMs * 1.5).filter((_, i) => i % 50 === 7)
    const state = killAtTelling(one, when)
    await restarted(one)
    one.foundation.delete(lost)
    for (let i = 0; state.kills === 0 && i < 20; i++) await goesOn(one, 0)
    assert.equal(state.kills, 1)
    await restarted(one)
    await goesOn(one, 8)
    assert.deepEqual((await one.told()).map(({ target }) => target?.guid).toSorted(), lost.toSorted())
    assert.deepEqual(await ledgerFaults(one.log), [])
  })

test('a loss that was seen before a restart, and not told, is told after it', async t => {
  const one = await watchedSource(t, { days: 3, everyMin: 10 })
  const [lost = ''] = shownGuids(one, ago => ago < dayMs * 1.5)
  one.foundation.delete([lost])
  for (let i = 0; one.poller.status().ledger?.gone !== 1 && i < 20; i++) await one.passCalmly(30_000)
  assert.deepEqual(await one.told(), [], 'it is looked at once more first')
  await restarted(one)
  await goesOn(one, 4)
  assert.deepEqual(
    (await one.told()).map(({ target }) => target?.guid),
    [lost],
  )
})

for (const seed of seeds)
  test(`a truncation among publishes that fail at random is one event, seed ${seed}`, async t => {
    t.diagnostic(`seed ${seed}`)
    const random = seededRandom(seed)
    const one = await watchedSource(t, { days: 4, everyMin: 10 })
    const count = one.foundation.shown().length
    alterWriter(one.log, real => ({
      publish: async (...what) => {
        const luck = random()
        if (luck < 0.05) throw new Error('killed before the publish')
        const result = await real.publish(...what)
        if (luck < 0.1) throw new Error('killed after the publish')
        return result
      },
    }))
    await one.stop()
    one.start().catch(() => undefined)
    one.foundation.truncate()
    await goesOn(one, 20)
    const told = (await one.told()).map(({ type, data }) => [type, JSON.parse(data).count])
    assert.deepEqual(told, [['cf-audit-drain.source.truncated', count]])
  })
