import type { LedgerWindow, NameRecord } from '@cf-audit-drain/log'
import type { LossRound } from './loss-round.ts'
import type { Range } from './range.ts'
import type { Session } from './session.ts'
import { eventRecord, rangeRecord, type ToldLosses } from './told-losses.ts'

/** Says what was told one by one of the range, and is shown again. */
export async function tellReturned(
  { session: { recorder, observer }, told }: Pick<LossRound, 'session' | 'told'>,
  range: Range,
  shown: ReadonlySet<string>,
): Promise<void> {
  const back: NameRecord[] = []
  for (const [guid, one] of told.events()) {
    if (one.sec < range.fromSec || one.sec >= range.toSec || one.back || !shown.has(guid)) continue
    back.push(eventRecord(guid, { ...one, back: true }))
    observer.sourceReturned?.({ count: 1, guid, fromSec: one.sec, toSec: one.sec + 1 })
  }
  if (back.length > 0) await recorder.tell([], back)
}

/** Forgets what was told of time that has expired, and says what has come back of what was told at once. */
export async function forgetLosses(
  { recorder, observer }: Session,
  told: ToldLosses,
  windows: readonly LedgerWindow[],
): Promise<void> {
  const firstSec = windows[0]?.fromSec
  // The oldest time that has not expired, passed or not: while all of it is read again nothing of it is forgotten.
  const oldestSec = recorder.ledger.windows.find(({ state }) => state !== 'expired')?.fromSec
  const changes: NameRecord[] = oldestSec === undefined ? [] : [...told.expired(oldestSec)]
  for (const range of told.standing) {
    if (firstSec === undefined || range.fromSec < firstSec) continue
    const isIn = ({ fromSec, toSec }: LedgerWindow) => fromSec < range.toSec && toSec > range.fromSec
    const gone = windows.filter(isIn).reduce((sum, window) => sum + window.gone, 0)
    const back = Math.max(0, range.count - gone)
    if (back === range.back) continue
    changes.push(rangeRecord({ ...range, back }))
    const { fromSec, toSec } = range
    if (back > range.back) observer.sourceReturned?.({ count: back - range.back, guid: null, fromSec, toSec })
  }
  if (changes.length > 0) await recorder.tell([], changes)
}
