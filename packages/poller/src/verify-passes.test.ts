import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alterWriter } from './testing/alter-writer.ts'
import { hourMs, nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'

test('windows that a verification reads are read out of the log once, together', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  one.foundation.insert(
    Array.from({ length: 500 }, (_, i) => ({ createdAtUs: one.agoUs(10 * hourMs + i * 60_000) })),
  )
  const passes: number[][] = []
  alterWriter(one.log, real => ({
    guidsOf: windows => {
      passes.push(windows.map(({ fromSec }) => fromSec))
      return real.guidsOf(windows)
    },
  }))
  await one.started()
  await one.pass(30 * 60_000)
  await one.verifiedAgain(1)
  passes.length = 0
  one.foundation.insert([{ createdAtUs: one.agoUs(12 * hourMs) }])
  await one.until(async () => {
    await one.verifiedAgain(1)
    return (await one.guids()).length === 501
  })
  await one.verifiedAgain(1)
  assert.deepEqual(await one.differences(), nothingWrong)
  assert.equal(
    passes.length,
    1,
    `${passes.map(pass => pass.length).join(' + ')} windows in ${passes.length} passes`,
  )
  assert.ok((passes[0]?.length ?? 0) > 1, 'neighbours together')
})
