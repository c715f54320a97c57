import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyWindow } from '@cf-audit-drain/log'
import { drivenClock } from '@cf-audit-drain/pipeline'
import { LedgerNews, type NamedWindow, type NewsKind, type WindowsInNews } from './ledger-news.ts'
import { hourMs, PolledFoundation } from './testing/polled-foundation.ts'

const minuteMs = 60_000
const windowSec = 300

function scene() {
  const clock = drivenClock()
  const told: { readonly kind: NewsKind; readonly news: WindowsInNews }[] = []
  const news = new LedgerNews((kind, one) => told.push({ kind, news: one }), clock)
  return { clock, told, news, counts: () => told.map(({ kind, news }) => `${news.windows} ${kind}`) }
}

const windowAt = (n: number, guids: readonly string[] = []): NamedWindow => {
  const window = emptyWindow({ fromSec: n * windowSec, toSec: (n + 1) * windowSec })
  return { window, guids, rows: Math.max(1, guids.length) }
}

test('what a round finds of many windows is told once, with the first few by name', async () => {
  const { told, news, counts } = scene()
  const guids = Array.from({ length: 99 }, (_, i) => `g${i}`)
  await news.round(async () => {
    for (let n = 999; n >= 0; n--) news.add('gone', [windowAt(n, guids)])
    news.add('gone', [windowAt(0)])
    news.add('short', [windowAt(7), windowAt(9)])
    assert.deepEqual(told, [])
  })
  assert.deepEqual(counts(), ['1000 gone', '2 short'])
  const [gone, short] = told.map(one => one.news)
  assert.deepEqual([gone?.fromSec, gone?.toSec, gone?.rows], [0, 1_000 * windowSec, 99_001])
  assert.deepEqual(
    gone?.named.map(({ window, rows, guids }) => [window.fromSec / windowSec, rows, guids.length]),
    [999, 998, 997, 996, 995].map(n => [n, 99, 20]),
  )
  assert.deepEqual([short?.rows, short?.named.length], [2, 2])
})

test('of a window that is short and whole by turns it is told what it is at last, if that is news', async () => {
  const { told, news, counts } = scene()
  await news.round(async () => {
    for (const kind of ['whole', 'short'] as const) news.add(kind, [windowAt(1), windowAt(2)])
    for (const kind of ['short', 'whole'] as const) news.add(kind, [windowAt(3)])
    news.add('whole', [windowAt(2)])
    // It was compared anew from the beginning meanwhile.
    for (let i = 0; i < 2; i++) news.add('short', [windowAt(4)])
  })
  assert.deepEqual(counts(), ['1 short', '1 whole'])
  assert.deepEqual(
    told.map(({ news }) => [news.fromSec / windowSec, news.toSec / windowSec, news.rows, news.named.length]),
    [
      [4, 5, 1, 1],
      [2, 3, 1, 1],
    ],
  )
})

test('a round that fails has told what it found, and one that finds nothing tells nothing', async () => {
  const { news, counts } = scene()
  const failing = news.round(async () => {
    news.add('whole', [windowAt(1)])
    throw new Error('no answer')
  })
  await assert.rejects(failing, /no answer/)
  await news.round(async () => news.add('short', []))
  assert.deepEqual(counts(), ['1 whole'])
})

test('outside of rounds news is told at once, and what follows within a minute together', () => {
  const { clock, news, counts } = scene()
  for (let n = 0; n < 50; n++) {
    news.add('short', [windowAt(n)])
    clock.advance(1_000)
    news.tellSoon()
  }
  assert.deepEqual(counts(), ['1 short'])
  clock.advance(minuteMs)
  news.tellSoon()
  assert.deepEqual(counts(), ['1 short', '49 short'])
  news.add('short', [windowAt(99)])
  news.tell()
  assert.deepEqual(counts(), ['1 short', '49 short', '1 short'])
})

test('a round that lasts does not hold news back for longer than a minute', async () => {
  const { clock, news, counts } = scene()
  news.tellSoon()
  await news.round(async () => {
    news.add('short', [windowAt(1)])
    clock.advance(minuteMs)
    news.tellSoon()
    assert.deepEqual(counts(), ['1 short'])
  })
})

test('deletions all over the history are told in a line a round, and not in one for each window or reading', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: minuteMs })
  const rows = Array.from({ length: 2_400 }, (_, i) => {
    return { createdAtUs: one.agoUs(6 * hourMs + Math.floor(i / 8) * 10 * minuteMs) }
  })
  const guids = one.foundation.insert(rows)
  await one.started()
  await one.verifiedAgain()
  one.foundation.delete(guids.filter((_, i) => i % 2 === 0))
  await one.verifiedAgain(3)
  assert.equal(one.poller.status().ledger?.gone, rows.length / 2)
  assert.deepEqual(
    one.news.map(({ windows, rows }) => [windows, rows]),
    [[300, 1_200]],
  )
  assert.ok(one.news.every(({ named }) => named.length <= 5))
})
