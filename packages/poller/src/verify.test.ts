import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RefusedError, ServerError } from '@cf-audit-drain/cloud-foundry'
import { ledgerFaults } from './testing/ledger-audit.ts'
import { hourMs, nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'

const minuteMs = 60_000
const dayMs = 24 * hourMs

/** A quiet foundation that is polled once a minute, with so many events over so many days, and everything read. */
async function history(
  t: Parameters<typeof PolledFoundation.make>[0],
  { events, days }: { readonly events: number; readonly days: number },
  client: Parameters<typeof PolledFoundation.make>[3] = {},
): Promise<PolledFoundation> {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 }, { v2: true }, client)
  const everyMs = (days * dayMs) / events
  one.foundation.insert(
    Array.from({ length: events }, (_, i) => ({ createdAtUs: one.agoUs((i + 1) * everyMs) })),
  )
  await one.started()
  await one.pass(10 * minuteMs)
  return one
}

const windowAt = async (one: PolledFoundation, sec: number) =>
  (await Array.fromAsync(one.log.ledger({}))).find(({ fromSec, toSec }) => fromSec <= sec && sec < toSec)

test('a row that becomes visible days late is found by the next verification, in few requests', async t => {
  const one = await history(t, { events: 20_000, days: 20 })
  const createdAtUs = one.agoUs(9 * dayMs)
  const [late] = one.foundation.insert([{ createdAtUs }])
  const before = one.verified.length
  await one.verifiedAgain()
  assert.ok((await one.guids()).includes(late ?? ''))
  const found = one.verified.slice(before).filter(({ published }) => published > 0)
  assert.equal(found.length, 1)
  assert.ok((found[0]?.requests ?? 99) <= 20, `${found[0]?.requests} requests`)
  const window = await windowAt(one, createdAtUs / 1e6)
  assert.equal(window?.state, 're-checked')
  assert.deepEqual(await one.differences(), nothingWrong)
  assert.deepEqual(await ledgerFaults(one.log), [])
  assert.ok(one.lateBy.some(age => age >= 9 * 86_400 && age < 10 * 86_400))
})

test('an event that is deleted at the source makes its window short, by name, and no other', async t => {
  const one = await history(t, { events: 2_000, days: 10 })
  const sec = Math.floor(one.agoUs(4 * dayMs) / 1e6)
  const [gone] = one.foundation.insert([{ createdAtUs: sec * 1e6 }])
  await one.verifiedAgain()
  one.foundation.delete([gone ?? ''])
  await one.verifiedAgain()
  assert.deepEqual(
    one.gone.map(({ guids }) => guids),
    [[gone]],
  )
  const shorts = (await Array.fromAsync(one.log.ledger({}))).filter(({ state }) => state === 'short')
  assert.deepEqual(
    shorts.map(({ fromSec, gone, counted, held }) => [fromSec, gone, held - (counted ?? 0)]),
    [[Math.floor(sec / 300) * 300, 1, 1]],
  )
  await one.verifiedAgain(3)
  assert.ok(
    one.verified.slice(-2).every(({ requests }) => requests <= 2),
    'what is known to be gone is not searched again',
  )
  assert.equal(one.poller.status().ledger?.gone, 1)
})

test('a row that is counted and never shown makes precisely its window short, and heals once it is shown', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  const sec = Math.floor(one.agoUs(3 * dayMs) / 1e6)
  one.foundation.insert(
    Array.from({ length: 500 }, (_, i) => ({ createdAtUs: one.agoUs((i + 1) * 20 * minuteMs) })),
  )
  const [hidden] = one.foundation.insert([{ createdAtUs: sec * 1e6 }])
  one.foundation.countOnly([hidden ?? ''])
  await one.started()
  await one.verifiedAgain()
  const windows = await Array.fromAsync(one.log.ledger({}))
  assert.deepEqual(
    windows.filter(({ state }) => state === 'short').map(({ fromSec }) => fromSec),
    [Math.floor(sec / 300) * 300],
  )
  assert.equal(one.poller.status().ledger?.missing, 1)
  one.foundation.countOnly([])
  await one.verifiedAgain()
  assert.ok((await one.guids()).includes(hidden ?? ''))
  assert.equal((await windowAt(one, sec))?.state, 're-checked')
  assert.equal(one.poller.status().ledger?.missing, 0)
})

test('the clean-up makes windows expire and none short, also while it runs', async t => {
  const one = await history(t, { events: 3_000, days: 33 })
  const cut = async (limit?: number) => {
    one.foundation.runCleanUp(limit)
    await one.verifiedAgain()
  }
  await cut(60)
  assert.deepEqual(one.gone, [])
  assert.equal(one.poller.status().ledger?.windows.short, 0)
  await cut()
  one.clock.advance(hourMs)
  await cut()
  const verdict = one.poller.status().ledger
  assert.deepEqual(one.gone, [])
  assert.equal(verdict?.windows.short, 0)
  assert.ok((verdict?.windows.expired ?? 0) > (24 * 3_600) / 300, `${verdict?.windows.expired} have expired`)
  const windows = await Array.fromAsync(one.log.ledger({}))
  const firstKept = windows.findIndex(({ state }) => state !== 'expired')
  assert.ok(
    windows.slice(firstKept).every(({ state }) => state !== 'expired'),
    'they are the oldest',
  )
  const age = one.clock.now() / 1000 - (windows[firstKept]?.fromSec ?? 0)
  assert.ok(Math.abs(age - 31 * 86_400) < 2 * 86_400)
  assert.deepEqual(await ledgerFaults(one.log), [])
})

test('a clean-up after fewer days than the default is measured by what it took', async t => {
  const one = await history(t, { events: 3_000, days: 8 })
  assert.equal(one.verified.at(-1)?.retentionSec, 31 * 86_400)
  const old = one.foundation.shown().filter(({ createdAtUs }) => createdAtUs < one.agoUs(7 * dayMs))
  one.foundation.delete(old.map(({ guid }) => guid))
  await one.verifiedAgain()
  assert.ok(Math.abs((one.verified.at(-1)?.retentionSec ?? 0) - 7 * 86_400) < 36_000)
  assert.deepEqual(one.gone, [])
  assert.equal(one.poller.status().ledger?.windows.short, 0)
  await one.stop()
  await one.started()
  await one.verifiedAgain()
  assert.ok(Math.abs((one.verified.at(-1)?.retentionSec ?? 0) - 7 * 86_400) < 36_000, 'it is remembered')
})

const facts = { foundation: 'test', end: 'Cloud Controller' } as const
const ways = [
  { way: 'by counts of guids', options: {}, fault: null },
  { way: 'by rows, as v2 takes no guids', options: { apiVersion: 'v2' as const }, fault: null },
  {
    way: 'by rows, as so long a request line is refused',
    options: {},
    fault: new RefusedError('414', { ...facts, status: 414 }),
  },
  {
    way: 'by rows, as what refuses it says that it may be tried again',
    options: {},
    fault: new ServerError('503', { ...facts, status: 503, retryAfterMs: null }),
  },
  { way: 'by rows, as something takes the guids away', options: {}, fault: 'ignored' as const },
]
for (const { way, options, fault } of ways)
  test(`before the clean-up reaches a window it is compared guid by guid, ${way}: one missing and one alien are found`, async t => {
    const one = await history(t, { events: 1_000, days: 29 }, options)
    one.guidFault = fault
    const sec = Math.floor(one.agoUs(29 * dayMs) / 1e6) + 1_800
    const [alien] = one.foundation.insert([{ createdAtUs: sec * 1e6 }])
    await one.verifiedAgain()
    one.foundation.delete([alien ?? ''])
    const [missing] = one.foundation.insert([{ createdAtUs: sec * 1e6 }])
    for (let hours = 0; hours < 48 && one.gone.length === 0; hours++) {
      one.clock.advance(hourMs)
      await one.verifiedAgain()
    }
    const age = one.clock.now() / 1000 - sec
    assert.ok(age < 31 * 86_400, 'in time')
    assert.deepEqual(
      one.gone.flatMap(({ guids }) => guids),
      [alien],
    )
    assert.ok((await one.guids()).includes(missing ?? ''))
    assert.equal(one.namedGuids > 0, way === 'by counts of guids' || fault === 'ignored')
  })

test('a last look by counts leaves a window that is whole as it was, and says when', async t => {
  const one = await history(t, { events: 1_000, days: 29 })
  const oldest = async () => (await Array.fromAsync(one.log.ledger({}))).find(({ held }) => held > 0)
  const before = await oldest()
  const atMs = one.clock.now()
  for (let hours = 0; hours < 48 && one.namedGuids === 0; hours++) {
    one.clock.advance(hourMs)
    await one.verifiedAgain()
  }
  assert.ok(one.namedGuids > 0)
  const after = await oldest()
  assert.ok((after?.checkedAtMs ?? 0) > atMs, 'it says when')
  assert.deepEqual(after, { ...before, state: 're-checked', checkedAtMs: after?.checkedAtMs })
})

test('a clean-up that comes in the middle of a bisection makes nothing short', async t => {
  const one = await history(t, { events: 4_000, days: 32 })
  const [late] = one.foundation.insert([{ createdAtUs: one.agoUs(12 * dayMs) }])
  // Strikes between the requests by which the late row is searched for.
  one.foundation.faults.add({
    fault: 'clean-up-between-pages',
    page: 1,
    count: 6,
    rows: 20,
    probability: 0.4,
  })
  await one.verifiedAgain(3)
  assert.equal(one.foundation.faults.left, 0)
  assert.ok((await one.guids()).includes(late ?? ''))
  assert.deepEqual(one.gone, [])
  const verdict = one.poller.status().ledger
  assert.deepEqual([verdict?.windows.short, verdict?.missing], [0, 0])
  assert.ok((verdict?.windows.expired ?? 0) > 0)
  assert.deepEqual(await ledgerFaults(one.log), [])
})

test('a clean-up that is half done, its rows taken in no order, makes windows expire and none short', async t => {
  const one = await history(t, { events: 3_000, days: 32 })
  const old = one.foundation.shown().filter(({ createdAtUs }) => createdAtUs < one.agoUs(31.1 * dayMs))
  const taken = old.filter((_, i) => i % 3 === 1)
  one.foundation.delete(taken.map(({ guid }) => guid))
  await one.verifiedAgain(6)
  assert.deepEqual(one.gone, [])
  const verdict = one.poller.status().ledger
  assert.equal(verdict?.windows.short, 0)
  assert.ok((verdict?.windows.expired ?? 0) > 0)
})

test('a clean-up that stays half done uses up no verification: a late row elsewhere is found by the next one', async t => {
  const one = await history(t, { events: 6_000, days: 32 })
  const old = one.foundation.shown().filter(({ createdAtUs }) => createdAtUs < one.agoUs(31.1 * dayMs))
  one.foundation.delete(old.filter((_, i) => i % 2 === 1).map(({ guid }) => guid))
  await one.verifiedAgain(8)
  const [late] = one.foundation.insert([{ createdAtUs: one.agoUs(9 * dayMs) }])
  const before = one.verified.length
  await one.verifiedAgain()
  assert.ok((await one.guids()).includes(late ?? ''))
  const requests = one.verified.slice(before).map(({ requests }) => requests)
  assert.ok(Math.max(...requests) <= 30, `${requests}`)
  assert.deepEqual([one.gone, one.poller.status().ledger?.windows.short], [[], 0])
})

test('a row that is counted and never shown is found among thousands of windows with hardly an event', async t => {
  const one = await history(t, { events: 2_000, days: 20 })
  const sec = Math.floor(one.agoUs(6 * dayMs) / 1e6)
  const [hidden = ''] = one.foundation.insert([{ createdAtUs: sec * 1e6 }])
  one.foundation.countOnly([hidden])
  const before = one.verified.length
  await one.verifiedAgain()
  const shorts = (await Array.fromAsync(one.log.ledger({}))).filter(({ state }) => state === 'short')
  assert.deepEqual(
    shorts.map(({ fromSec, counted, held }) => [fromSec, (counted ?? 0) - held]),
    [[Math.floor(sec / 300) * 300, 1]],
  )
  const requests = one.verified.slice(before).map(({ requests }) => requests)
  assert.ok(Math.max(...requests) <= 40, `${requests}`)
})
