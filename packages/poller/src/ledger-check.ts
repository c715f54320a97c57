import type { CloudController } from '@cf-audit-drain/cloud-foundry'
import type { EventLog } from '@cf-audit-drain/log'
import type { Clock, Random } from '@cf-audit-drain/pipeline'
import type { Checkpoint, LastVerified } from './checkpoint.ts'
import { oldestShown } from './oldest-shown.ts'
import type { PollerOptions } from './options.ts'
import type { Recorder } from './recorder.ts'
import type { Session } from './session.ts'
import type { SourceStatus } from './source-status.ts'
import { SourceWatch } from './source-watch.ts'
import { type Verified, Verifier } from './verify.ts'

export interface LedgerCheckDeps {
  readonly controller: CloudController
  readonly log: Pick<EventLog, 'lettersOf'>
  readonly clock: Clock
  readonly random: Random
  /** False: roles that get lost would not be noticed, and what they showed would look lost at its source. */
  readonly noticesLostRoles: () => boolean
  /** What this session began with. */
  readonly stored: Checkpoint | null
}

/** What is done every `verifyInterval`: the ledger is compared with Cloud Controller, and what was lost there is told. */
export class LedgerCheck {
  readonly #verifier: Verifier
  readonly #watch: SourceWatch
  readonly #recorder: Recorder
  readonly #clock: Clock
  readonly #nowSec: () => number
  readonly #noticesLostRoles: () => boolean

  constructor(
    session: Session,
    options: PollerOptions,
    { controller, log, clock, random, stored, noticesLostRoles }: LedgerCheckDeps,
  ) {
    const nowMs = () => clock.now()
    const { foundation } = options
    this.#recorder = session.recorder
    this.#clock = clock
    this.#nowSec = () => session.nowSec()
    this.#noticesLostRoles = noticesLostRoles
    this.#watch = new SourceWatch(session, { foundation, log, intervals: options, nowMs })
    this.#verifier = new Verifier(session, {
      oldestSec: signal => controller.oldestAuditEventSec(signal),
      nowMs,
      random,
      pollIntervalMs: options.pollIntervalMs,
      ...(stored && { sinceSec: Math.floor(stored.writtenMs / 1000) }),
    })
  }

  get source(): SourceStatus {
    return this.#watch.status()
  }

  /** `verified` is called in any case once the ledger was compared. */
  async run(verified: (one: Verified & { readonly at: string }) => void, signal: AbortSignal): Promise<void> {
    const result = await this.#verifier.verify(signal)
    const atMs = this.#clock.now()
    const at = new Date(atMs).toISOString()
    try {
      if (result.isCompared) await this.#remember({ atMs, ...result })
      if (this.#noticesLostRoles()) await this.#watch.look(result, signal)
    } finally {
      verified({ at, ...result })
    }
  }

  /** A process that cannot log in to Cloud Foundry knows it by this. */
  async #remember({ atMs, oldestSec, retentionSec }: LastVerified): Promise<void> {
    const verified = { atMs, oldestSec, retentionSec }
    const nowSec = this.#nowSec()
    await this.#recorder.record([], now => {
      const oldest = oldestShown(now.oldest, oldestSec, nowSec)
      return { ...now, verified, ...(oldest && { oldest }) }
    })
  }
}
