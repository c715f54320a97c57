import type { LedgerWindow } from '@cf-audit-drain/log'
import { CountedSeconds } from './counted-seconds.ts'
import type { HeldRow } from './held-rows.ts'
import type { LossRound } from './loss-round.ts'
import { type Stretch, stretchesOf } from './loss-run.ts'
import { tellReturned } from './returned-losses.ts'
import { isSure, secondLook } from './second-look.ts'
import { Turns } from './turns.ts'

/** Of one look; the others come at the next. */
const readWindowsMax = 20

/** What is held in pieces that are lost and pieces that are there, windows that have lost a part of theirs read once more. */
export class LossReading {
  readonly #turns = new Turns()

  /** `due`: windows with what they have lost and was not told. */
  async stretches(
    round: LossRound,
    due: ReadonlyMap<number, number>,
    signal: AbortSignal,
  ): Promise<readonly Stretch[]> {
    const stretches: Stretch[] = []
    const isRead = (window: LedgerWindow) => {
      const untold = due.get(window.fromSec)
      return untold !== undefined && (untold < 0 || (window.gone < window.held && round.isRipe(window)))
    }
    const read = this.#turns.take(
      round.windows.filter(isRead).map(({ fromSec }) => fromSec),
      readWindowsMax,
    )
    for (const window of round.windows) {
      const { fromSec, held, gone } = window
      const untold = due.get(fromSec)
      const there = { isLost: false, window, count: held - gone, events: null }
      const lost = { isLost: true, window, count: untold ?? 0, events: null }
      if (untold === undefined) {
        // What was told is neither lost anew nor there.
        if (gone < held) stretches.push(there)
      } else if (!read.has(fromSec)) stretches.push(untold > 0 ? lost : there)
      else
        stretches.push(
          ...((await readOnceMore(round, window, stretches.at(-1)?.isLost ?? false, signal)) ?? [lost]),
        )
    }
    return stretches
  }
}

/** A window of which a part is lost; null while that is not sure. */
async function readOnceMore(
  round: LossRound,
  window: LedgerWindow,
  startsLost: boolean,
  signal: AbortSignal,
): Promise<readonly Stretch[] | null> {
  const seen = await secondLook(round.session, window, signal)
  if (seen === null) return null
  await tellReturned(round, window, seen.keys)
  const clocks = round.clocks()
  const rows = await round.heldIn(window)
  const unseen = rows.filter(({ guid }) => !seen.keys.has(guid))
  const counting = await CountedSeconds.of(round.session.source, window, seen, signal)
  const counted = await counting.among(
    unseen.map(row => row.createdAtSec),
    signal,
  )
  if (counted === null) return null
  const held: HeldRow[] = []
  const lost = new Set<string>()
  for (const row of rows) {
    const isThere = seen.keys.has(row.guid) || counted.has(row.createdAtSec)
    if (!isThere && round.isTold(row)) continue
    held.push(row)
    if (isThere) continue
    if (!isSure(row, seen.newestSec, clocks)) return null
    lost.add(row.guid)
  }
  const stretches = stretchesOf(window, held, guid => lost.has(guid), startsLost)
  if (!stretches.some(({ isLost }) => isLost)) round.suspected.calm(window)
  return stretches
}
