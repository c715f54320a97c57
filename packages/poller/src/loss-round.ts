import type { HeldEvent, LedgerWindow } from '@cf-audit-drain/log'
import type { HeldRow, HeldRows } from './held-rows.ts'
import type { Clocks } from './second-look.ts'
import type { Session } from './session.ts'
import type { SuspectedWindows } from './suspected-windows.ts'
import type { ToldLosses, ToldRange } from './told-losses.ts'

export interface LossRoundDeps {
  readonly session: Session
  readonly told: ToldLosses
  readonly suspected: SuspectedWindows
  readonly rows: Pick<HeldRows, 'in'>
  readonly nowMs: () => number
  readonly retentionSec: number
  /** Passed and not expired, with anything in them; oldest first. */
  readonly windows: readonly LedgerWindow[]
}

/** One look at what is suspected to be lost, from finding to telling. */
export class LossRound {
  readonly session: Session
  readonly told: ToldLosses
  readonly suspected: SuspectedWindows
  readonly retentionSec: number
  readonly windows: readonly LedgerWindow[]
  readonly nowMs: () => number
  readonly #rows: Pick<HeldRows, 'in'>

  constructor({ session, told, suspected, rows, nowMs, retentionSec, windows }: LossRoundDeps) {
    this.session = session
    this.told = told
    this.suspected = suspected
    this.retentionSec = retentionSec
    this.windows = windows
    this.nowMs = nowMs
    this.#rows = rows
  }

  clocks(): Clocks {
    const nowMs = this.nowMs()
    return { nowMs, skewMs: this.session.nowSec() * 1000 - nowMs }
  }

  /** In Cloud Controller's clock. */
  sec(ms: number): number {
    return Math.floor((ms + this.clocks().skewMs) / 1000)
  }

  /** The tail has passed the moment when it was missed: what was lost with it is known, too. */
  isRipe(window: LedgerWindow): boolean {
    const missedMs = this.suspected.missedMs(window)
    return missedMs !== null && this.session.recorder.checkpoint.tailFromSec >= this.sec(missedMs)
  }

  isTold({ guid, createdAtSec, receivedAtMs }: HeldEvent): boolean {
    const told = this.told.of(guid)
    if (told !== null && !told.back) return true
    const isIn = (range: ToldRange) => range.fromSec <= createdAtSec && createdAtSec < range.toSec
    return this.told.standing.some(range => isIn(range) && receivedAtMs <= range.atMs)
  }

  /** Oldest first. */
  heldIn(window: LedgerWindow): Promise<readonly HeldRow[]> {
    return this.#rows.in(window)
  }

  async untoldIn(window: LedgerWindow): Promise<readonly HeldRow[]> {
    return (await this.heldIn(window)).filter(row => !this.isTold(row))
  }
}
