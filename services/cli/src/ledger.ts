import {
  type EventLog,
  type FoundationWindow,
  isoSec,
  type LedgerQuery,
  LedgerSummary,
  type LedgerVerdict,
  ledgerWindowSec,
  missingOf,
  spansOf,
  verdictSentence,
} from '@cf-audit-drain/log'
import { type Clock, systemClock } from '@cf-audit-drain/pipeline'
import { type ExitCode, exitCodes } from '@cf-audit-drain/runtime'
import { type LedgerArguments, UsageError } from './arguments.ts'
import { csvRow } from './csv-row.ts'
import { sinceSec } from './events.ts'
import { print, say } from './print.ts'

/**
 * `cf-audit-drain ledger`: what was compared with Cloud Controller and how it came out, also while a poller writes; the
 * verdict last. Resolves to `different` when a window is short, when nothing was checked, or when a time was given up to
 * which it should be complete and it is not.
 */
export async function printLedger(
  log: EventLog,
  asked: LedgerArguments,
  clock: Clock = systemClock,
): Promise<ExitCode> {
  const nowMs = clock.now()
  const range = rangeOf(asked, nowMs)
  const throughSec = Math.min(Math.floor(nowMs / 1000), range.toSec ?? Infinity)
  if (asked.form === 'csv') await print(csvRow(csvColumns))
  let isComplete = true
  let foundations = 0
  for await (const one of byFoundation(log.ledger(range))) {
    foundations++
    const summary = new LedgerSummary(ledgerWindowSec)
    for (const window of one.windows) summary.add(window)
    const verdict = summary.verdict(throughSec)
    const { closed, short, expired } = verdict.windows
    if (short > 0 || verdict.lost > 0 || closed + expired === 0) isComplete = false
    if (asked.to !== undefined && verdict.windows.open > 0) isComplete = false
    if (asked.form === 'csv') for (const window of one.windows) await print(csvRow(csvCells(window)))
    else if (asked.form === 'json') await print(JSON.stringify(verdictObject(one.foundation, verdict)))
    else await printReadable(one.foundation, one.windows, verdict)
  }
  if (foundations > 0) return isComplete ? exitCodes.ok : exitCodes.different
  say(await whyNothing(log, asked))
  return exitCodes.different
}

function rangeOf(asked: LedgerArguments, nowMs: number): LedgerQuery {
  const fromSec = asked.from === undefined ? undefined : sinceSec(asked.from, '--from', nowMs)
  const toSec = asked.to === undefined ? undefined : sinceSec(asked.to, '--to', nowMs)
  if (fromSec !== undefined && toSec !== undefined && toSec <= fromSec)
    throw new UsageError(`--to ${asked.to} is not after --from ${asked.from}`)
  return {
    ...(fromSec === undefined ? {} : { fromSec }),
    ...(toSec === undefined ? {} : { toSec }),
    ...(asked.foundation === undefined ? {} : { foundation: asked.foundation }),
  }
}

/** @throws UsageError when there is a ledger, and none of the foundation that was asked for */
async function whyNothing(log: EventLog, { foundation }: LedgerArguments): Promise<string> {
  const known = new Set<string>()
  for await (const window of log.ledger({})) known.add(window.foundation)
  if (known.size === 0) return 'the ledger is empty: no window has been compared yet'
  if (foundation !== undefined && !known.has(foundation))
    throw new UsageError(
      `--foundation ${foundation}: the ledger has no foundation of that name, but ${[...known].join(', ')}`,
    )
  return 'the ledger has no window of that time'
}

interface FoundationLedger {
  readonly foundation: string
  readonly windows: readonly FoundationWindow[]
}

/** One foundation at a time is in memory: 8,928 windows in 31 days. */
async function* byFoundation(all: AsyncIterable<FoundationWindow>): AsyncGenerator<FoundationLedger> {
  let windows: FoundationWindow[] = []
  for await (const window of all) {
    const foundation = windows[0]?.foundation
    if (foundation !== undefined && foundation !== window.foundation) {
      yield { foundation, windows }
      windows = []
    }
    windows.push(window)
  }
  const foundation = windows[0]?.foundation
  if (foundation !== undefined) yield { foundation, windows }
}

async function printReadable(
  foundation: string,
  windows: readonly FoundationWindow[],
  verdict: LedgerVerdict,
): Promise<void> {
  for (const run of spansOf(windows)) {
    const notes = [
      ...(run.deadLetters > 0 ? [`${run.deadLetters} of them dead letters`] : []),
      ...(run.missing > 0 ? [`${run.missing} counted and not held`] : []),
      ...(run.gone > 0 ? [`${run.gone} held and no longer shown`] : []),
      ...(run.empty > 0
        ? [`${run.empty} ${run.state === 'open' ? 'with nothing held yet' : 'empty'} between`]
        : []),
    ]
    await print(
      [
        isoSec(run.fromSec),
        isoSec(run.toSec),
        run.state.padEnd(10),
        `${run.windows} ${run.windows === 1 ? 'window' : 'windows'}`.padEnd(13),
        `${run.held} held`,
        ...notes,
      ].join('  '),
    )
  }
  await print(`${foundation}: ${verdictSentence(verdict)}`)
}

/** The one line of `--json`, and what /status shows. */
export function verdictObject(foundation: string, verdict: LedgerVerdict) {
  const { completeUpToSec, windows, ...sums } = verdict
  return {
    foundation,
    completeUpTo: completeUpToSec === null ? null : isoSec(completeUpToSec),
    windows,
    ...sums,
    verdict: verdictSentence(verdict),
  }
}

const csvColumns = [
  'foundation',
  'from',
  'to',
  'state',
  'counted',
  'held',
  'dead_letters',
  'missing',
  'gone',
  'hidden',
  'digest',
  'first_offset',
  'last_offset',
  'checked_at',
]

function csvCells(window: FoundationWindow): readonly (string | number | null)[] {
  return [
    window.foundation,
    isoSec(window.fromSec),
    isoSec(window.toSec),
    window.state,
    window.counted,
    window.held,
    window.deadLetters,
    missingOf(window),
    window.gone,
    window.hidden,
    window.digest,
    window.firstOffset,
    window.lastOffset,
    window.checkedAtMs === null ? null : new Date(window.checkedAtMs).toISOString(),
  ]
}
