import type { FoundationWriter } from '@cf-audit-drain/log'
import type { Checkpoint } from './checkpoint.ts'
import { CleanUp } from './clean-up.ts'
import { KeptRecords } from './kept-records.ts'
import { Ledger } from './ledger.ts'
import { type SourceStatus, sourceStatus } from './source-status.ts'
import { SuspectedWindows, watchedWindows } from './suspected-windows.ts'
import { ToldLosses } from './told-losses.ts'

/**
 * What the log says of a foundation before anything was asked of Cloud Foundry, which may not answer for days. As it was when the
 * writer was opened.
 */
export interface LoggedState {
  readonly checkpoint: Checkpoint
  /** Null: it is to be built, or completed, first. */
  readonly ledger: Ledger | null
  readonly cleanUp: CleanUp
  readonly source: SourceStatus
  /** When the ledger was last compared with Cloud Controller, in our clock; the first start when it never was. */
  readonly comparedMs: number
}

export async function loggedState(
  writer: Pick<FoundationWriter, 'ledger' | 'names'>,
  checkpoint: Checkpoint,
  nowMs: () => number,
): Promise<LoggedState> {
  const ledger = new Ledger(checkpoint.startSec)
  for await (const window of writer.ledger()) ledger.apply([window])
  const cleanUp = new CleanUp(ledger.takeExpired())
  const kept = new KeptRecords()
  for await (const _ of kept.rest(writer.names()));
  const told = new ToldLosses(kept)
  const suspected = new SuspectedWindows({ ledger, checkpoint }, told, nowMs)
  suspected.due(watchedWindows({ ledger, checkpoint }))
  // Of a version that did not say it: each window says when it was last looked at.
  const checkedMs = ledger.windows.reduce((ms, { checkedAtMs }) => Math.max(ms, checkedAtMs ?? 0), 0)
  return {
    checkpoint,
    ledger: checkpoint.hasLedger ? ledger : null,
    cleanUp,
    source: sourceStatus(told, suspected.rows),
    comparedMs: checkpoint.verified?.atMs ?? (checkedMs || checkpoint.baselineSec * 1000),
  }
}
