import { isOwnGuid } from '@cf-audit-drain/event'
import type { FoundationWriter, LedgerWindow } from '@cf-audit-drain/log'
import type { Clock } from '@cf-audit-drain/pipeline'
import { buildLedger, forgottenTime } from './build-ledger.ts'
import type { Ledger } from './ledger.ts'
import { mendedWindows } from './mend-ledger.ts'
import type { Publisher } from './publisher.ts'

interface LedgerMarksDeps {
  readonly writer: FoundationWriter
  readonly clock: Clock
}

/** What changes the ledger, and no event with it. */
export class LedgerMarks {
  readonly #deps: LedgerMarksDeps
  readonly #publisher: Publisher

  constructor(deps: LedgerMarksDeps, publisher: Publisher) {
    this.#deps = deps
    this.#publisher = publisher
  }

  async build(sinceSec: number, skewMs: number): Promise<void> {
    const { writer } = this.#deps
    const { ledger, checkpoint } = this.#publisher
    const upToMs = await writer.forgottenUpToMs()
    const windows = await buildLedger(ledger, writer, checkpoint, sinceSec)
    const forgotten = upToMs === null ? [] : forgottenTime(checkpoint, (upToMs + skewMs) / 1000)
    const next = { ...checkpoint, ...(forgotten.length > 0 && { forgotten }), hasLedger: true }
    await this.#publisher.publish({ windows }, next)
  }

  async mend(): Promise<void> {
    const { writer, clock } = this.#deps
    const { ledger, held, checkpoint } = this.#publisher
    const windows = await mendedWindows({
      isAtomic: writer.isAtomic,
      ledger,
      held,
      checkpoint,
      nowMs: clock.now(),
      uncounted: (await Array.fromAsync(writer.uncounted())).filter(({ guid }) => !isOwnGuid(guid)),
    })
    await this.mark(() => windows)
  }

  mark(change: (ledger: Ledger) => readonly LedgerWindow[]): Promise<void> {
    return this.#publisher.inTurn(async () => {
      const windows = change(this.#publisher.ledger)
      if (windows.length > 0) await this.#publisher.publish({ windows })
    })
  }
}
