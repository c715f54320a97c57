import { type LedgerWindow, type PlacedGuid, placeWindows } from '@cf-audit-drain/log'
import type { Checkpoint } from './checkpoint.ts'
import type { HeldGuids } from './held-guids.ts'
import { isDone, type Ledger } from './ledger.ts'
import { type Ranges, subtract } from './range.ts'

/**
 * What a publish that is not all or nothing has left when a kill came in its middle; and a checkpoint that is older than the ledger, as where
 * its mirror was set back.
 */
export interface Left {
  readonly isAtomic: boolean
  readonly ledger: Ledger
  readonly held: HeldGuids
  readonly checkpoint: Checkpoint
  readonly nowMs: number
  /** In the log, and neither counted nor placed by the ledger. */
  readonly uncounted: readonly PlacedGuid[]
}

/** The windows that have to be written to make it good; the ledger in memory has them already. */
export async function mendedWindows(left: Left): Promise<readonly LedgerWindow[]> {
  const changed = new Map<number, LedgerWindow>()
  const change = (windows: readonly LedgerWindow[]) => {
    left.ledger.apply(windows)
    for (const window of windows) changed.set(window.fromSec, window)
  }
  change(await counted(left))
  change(passedTooSoon(left))
  return [...changed.values()]
}

async function counted({
  ledger,
  held,
  checkpoint,
  nowMs,
  uncounted,
}: Left): Promise<readonly LedgerWindow[]> {
  const secs = await held.hold(uncounted.map(({ createdAtSec }) => createdAtSec))
  try {
    const guids = new Set(uncounted.map(({ guid }) => guid))
    const { windows } = ledger.after({
      entries: uncounted,
      look: null,
      before: checkpoint,
      after: checkpoint,
      nowMs,
      heldKeys: range => Iterator.from(held.keys(range)).filter(guid => !guids.has(guid)),
      isForgotten: ({ fromSec }) => held.isForgotten(fromSec),
      isDeadLetter: () => false,
    })
    for (const { guid, createdAtSec } of uncounted) held.add(guid, createdAtSec)
    return placeWindows(windows, uncounted, new Map(uncounted.map(({ guid, offset }) => [guid, offset])))
  } finally {
    held.release(secs, () => true)
  }
}

/** The ledger has passed what the checkpoint has not: that is passed again, and must not be counted twice. */
function passedTooSoon({ ledger, checkpoint, isAtomic }: Left): readonly LedgerWindow[] {
  return ledger.windows
    .filter(window => window.state !== 'expired' && !isDone(window, checkpoint))
    .filter(({ state, counted, deadLetters, gone }) => {
      return state !== 'open' || counted !== null || deadLetters + gone > 0
    })
    .filter(window => window.state !== 'open' || !isAtomic || !isBegun(window, checkpoint))
    .map(reopened)
}

/** Some of it was passed: what is counted is of that part. */
function isBegun({ fromSec, toSec }: LedgerWindow, { unread, tailFromSec }: Checkpoint): boolean {
  const passed = { fromSec, toSec: Math.min(toSec, tailFromSec) }
  return passed.fromSec < passed.toSec && unread.reduce<Ranges>(subtract, [passed]).length > 0
}

/** As if nothing of it had been passed yet. Its dead letters are counted again when it is looked at. */
export function reopened(window: LedgerWindow): LedgerWindow {
  const held = window.held - window.deadLetters
  return { ...window, state: 'open', counted: null, held, deadLetters: 0, gone: 0, hidden: 0, digest: null }
}
