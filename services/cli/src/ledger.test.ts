import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { emptyWindow, type LedgerWindow, openEmbeddedLog } from '@cf-audit-drain/log'
import { systemClock } from '@cf-audit-drain/pipeline'
import { runs, temporary } from './command-for-tests.ts'
import { csvRow } from './csv-row.ts'

const baseSec = Date.parse('2026-11-01T00:00:00Z') / 1000

async function logWith(t: TestContext, windows: readonly Partial<LedgerWindow>[], foundation = 'prod') {
  const dir = temporary(t)
  const log = await openEmbeddedLog({ dir, clock: systemClock })
  const writer = await log.writer(foundation)
  const tiles = windows.map((window, n) => ({
    ...emptyWindow({ fromSec: baseSec + n * 300, toSec: baseSec + (n + 1) * 300 }),
    ...window,
  }))
  await writer.publish([], '{}', [], { windows: tiles })
  await writer.close()
  await log.close()
  return (...args: readonly string[]) => runs(['ledger', '--data-dir', dir, ...args])
}

const closed = { state: 'closed', counted: 4, held: 4 } as const

test('ledger says what is complete, window by window merged, and ends with 0', async t => {
  const ledger = await logWith(t, [closed, closed, { ...closed, state: 're-checked' }])
  const { code, out } = await ledger('--to', '2026-11-01T00:15:00Z')
  assert.equal(code, 0)
  assert.equal(
    out,
    '2026-11-01T00:00:00Z  2026-11-01T00:10:00Z  closed      2 windows      8 held\n' +
      '2026-11-01T00:10:00Z  2026-11-01T00:15:00Z  re-checked  1 window       4 held\n' +
      'prod: complete up to 2026-11-01T00:15:00Z, 0 windows open, none short\n',
  )
  const json = await ledger('--json', '--to', '2026-11-01T00:15:00Z')
  assert.match(
    json.out,
    /^\{"foundation":"prod","completeUpTo":"2026-11-01T00:15:00Z","windows":\{"open":0,"closed":3,"short":0,"expired":0\},.*\}\n$/,
  )
})

test('ledger ends with 5 when a window is short, when --to is not reached, and when there is none', async t => {
  const short = await logWith(t, [closed, { state: 'short', counted: 3, held: 2 }, closed])
  const said = await short()
  assert.equal(said.code, 5)
  assert.match(
    said.out,
    /\n2026-11-01T00:05:00Z {2}2026-11-01T00:10:00Z {2}short +1 window +2 held {2}1 counted and not held\n/,
  )
  assert.equal((await short('--from', '2026-11-01T00:10:00Z')).code, 0, 'what is asked for is complete')
  const open = await logWith(t, [closed, { held: 1 }])
  assert.equal((await open()).code, 0, 'there are always open windows at the end')
  assert.equal((await open('--to', '2026-11-01T00:10:00Z')).code, 5)
  const ahead = await open('--from', '2026-11-01T00:05:00Z')
  assert.deepEqual(
    [ahead.code, ahead.out.split('\n').at(-2)?.split(',')[0]],
    [5, 'prod: no window is complete yet'],
    'nothing of what is asked for was compared yet',
  )
  const none = await logWith(t, [])
  assert.deepEqual(await none(), {
    code: 5,
    out: '',
    err: 'the ledger is empty: no window has been compared yet\n',
  })
  assert.equal((await none('--from', 'yesterday')).code, 2)
})

test('a foundation or a time of which the ledger has nothing is said to be so, not that it is empty', async t => {
  const ledger = await logWith(t, [closed])
  const refused = await ledger('--foundation', 'nope')
  assert.deepEqual(
    [refused.code, refused.out, refused.err],
    [2, '', '--foundation nope: the ledger has no foundation of that name, but prod\n'],
  )
  const later = await ledger('--from', '2026-12-01T00:00:00Z', '--json')
  assert.deepEqual([later.code, later.out, later.err], [5, '', 'the ledger has no window of that time\n'])
  const turned = await ledger('--from', '2026-11-02T00:00:00Z', '--to', '2026-11-01T00:00:00Z')
  assert.equal(turned.code, 2)
  assert.match(turned.err, /--to 2026-11-01T00:00:00Z is not after --from 2026-11-02T00:00:00Z/)
  assert.match((await ledger('--csv', '--json')).err, /give --csv or --json, not both/)
})

test('ledger --csv has one line a window, and no cell that a spreadsheet would calculate', async t => {
  const ledger = await logWith(
    t,
    [{ ...closed, firstOffset: 1, lastOffset: 4, checkedAtMs: 1_000 }],
    '-1+cmd',
  )
  const { out } = await ledger('--csv')
  assert.equal(
    out,
    'foundation,from,to,state,counted,held,dead_letters,missing,gone,hidden,digest,first_offset,last_offset,checked_at\n' +
      "'-1+cmd,2026-11-01T00:00:00Z,2026-11-01T00:05:00Z,closed,4,4,0,0,0,0,,1,4,1970-01-01T00:00:01.000Z\n",
  )
  assert.equal(csvRow(['=a,b', '@x', 'say "no"', null, -5]), `"'=a,b",'@x,"say ""no""",,-5`)
})

test('ledger says how many windows were compared by number only', async t => {
  const ledger = await logWith(t, [closed, { ...closed, state: 'counted' }])
  const { code, out } = await ledger('--to', '2026-11-01T00:10:00Z')
  assert.equal(code, 0)
  assert.match(out, /00:10:00Z {2}counted {5}1 window {7}4 held\n/)
  assert.match(out, /0 windows open, none short, 1 compared by number only\n$/)
  assert.match((await ledger('--json')).out, /"countedOnly":1,/)
})

test('ledger prints a backfill that goes on as one line: of most windows nothing was written yet', async t => {
  const far = (n: number) => ({ fromSec: baseSec + n * 300, toSec: baseSec + (n + 1) * 300, held: 1 })
  const ledger = await logWith(t, [closed, far(7), far(9), far(40)])
  const { out } = await ledger('--to', '2026-11-01T03:25:00Z')
  assert.match(out, /^2026-11-01T00:35:00Z.* open +3 windows +3 held {2}31 with nothing held yet between$/m)
  assert.match(out, /, 40 windows open, none short\n$/)
})

test('ledger prints a truncated table as one span, and --csv each of its windows', async t => {
  const lost = { state: 'short', counted: 0, held: 2, gone: 2 } as const
  const ledger = await logWith(
    t,
    Array.from({ length: 98 }, (_, n) => (n % 3 < 2 ? lost : { state: 'closed', counted: 0 })),
  )
  const { out } = await ledger('--to', '2026-11-01T08:10:00Z')
  assert.equal(
    out,
    '2026-11-01T00:00:00Z  2026-11-01T08:10:00Z  short       66 windows     132 held  132 held and no longer shown  32 empty between\n' +
      'prod: complete up to 2026-11-01T08:10:00Z, 0 windows open, 66 short (0 counted and not held, 132 held and no longer shown)\n',
  )
  assert.equal((await ledger('--csv')).out.split('\n').length, 1 + 98 + 1)
})

test('ledger says how many of what is held are dead letters, where there are some', async t => {
  const ledger = await logWith(t, [closed, { ...closed, deadLetters: 1 }, { ...closed, deadLetters: 2 }])
  const { out } = await ledger('--to', '2026-11-01T00:15:00Z')
  assert.match(out, /closed +3 windows +12 held {2}3 of them dead letters\n/)
})
