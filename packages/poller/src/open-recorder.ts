import type { CloudController } from '@cf-audit-drain/cloud-foundry'
import type { Scrubber } from '@cf-audit-drain/event'
import type { EventLog, FoundationWriter } from '@cf-audit-drain/log'
import type { Clock } from '@cf-audit-drain/pipeline'
import type { Checkpoint } from './checkpoint.ts'
import { firstCheckpoint } from './first-checkpoint.ts'
import { lettersIn } from './held-letters.ts'
import type { Beside } from './open-beside.ts'
import { type PollerOptions, recentFromSec } from './options.ts'
import type { PollerReport } from './poller-report.ts'
import { Recorder } from './recorder.ts'

/** Longer than Cloud Controller shows an event, unless it was told to keep them longer. */
const builtBackToSec = 45 * 86_400

export interface OpenRecorderDeps {
  readonly controller: Pick<CloudController, 'oldestAuditEventSec' | 'skewMs'>
  readonly scrubber: Scrubber
  readonly clock: Clock
  readonly log: Pick<EventLog, 'lettersOf'>
  readonly report: Pick<PollerReport, 'published' | 'buried' | 'late' | 'gone' | 'short'>
  /** In Cloud Controller's clock. */
  readonly nowSec: () => number
}

export interface OpenedLog {
  readonly writer: FoundationWriter
  /** Null: this foundation was never polled. */
  readonly stored: Checkpoint | null
  readonly beside: Beside
}

/** The recorder of one session, with what the log holds, and a ledger that speaks of all of it. */
export async function openRecorder(
  options: PollerOptions,
  { writer, stored, beside }: OpenedLog,
  deps: OpenRecorderDeps,
  signal: AbortSignal,
): Promise<Recorder> {
  const { scrubber, clock, log, report, controller, nowSec } = deps
  const checkpoint = stored ?? (await knownBeginning(await first(options, deps, signal), writer))
  const recorder = new Recorder(
    {
      foundation: options.foundation,
      writer,
      scrubber,
      clock,
      onPublished: (entries, atMs) => report.published(entries, atMs),
      onBuried: (count, tooLarge) => report.buried(count, tooLarge),
      onLate: createdAtSecs => report.late(createdAtSecs),
      onGone: gone => report.gone(gone),
      onShort: changes => report.short(changes),
      earlierLetters: () => lettersIn(log, options.foundation, signal),
      signal,
      ...beside,
    },
    checkpoint,
    recentFromSec(options, checkpoint, nowSec()),
  )
  await recorder.rebuild()
  if (stored?.hasLedger) await recorder.mendLedger()
  else await recorder.buildLedger(nowSec() - builtBackToSec, controller.skewMs ?? 0)
  return recorder
}

/** A log that is started anew may hold what is older. */
async function knownBeginning(checkpoint: Checkpoint, writer: FoundationWriter): Promise<Checkpoint> {
  for await (const _ of writer.places(0)) {
    const { beganSec: _unknown, ...rest } = checkpoint
    return rest
  }
  return checkpoint
}

async function first(
  options: PollerOptions,
  { controller, clock, nowSec }: OpenRecorderDeps,
  signal: AbortSignal,
): Promise<Checkpoint> {
  const isAsked = options.startFrom !== 'now'
  const oldestSec = isAsked ? await controller.oldestAuditEventSec(signal) : null
  return firstCheckpoint(options, oldestSec, { nowSec: nowSec(), writtenMs: clock.now() })
}
