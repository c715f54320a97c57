import {
  BrokenAnswerError,
  CloudFoundryError,
  CredentialsError,
  ServerError,
  UnreachableError,
} from '@cf-audit-drain/cloud-foundry'
import type { Clock, Random } from '@cf-audit-drain/pipeline'

export interface LoopFailure {
  readonly loop: string
  readonly error: Error
  /** How many in a row, this one among them. */
  readonly attempt: number
  readonly delayMs: number
}

export interface PatientLoopsDeps {
  readonly clock: Clock
  readonly random: Random
  /** The first delay is of up to this, each further one of up to twice the one before. */
  readonly firstDelayMs: number
  readonly failed: (failure: LoopFailure) => void
  /** What Cloud Foundry was asked for was had; also where nothing had failed. */
  readonly worked: (loop: string) => void
  /** After UAA refused the login: whether an operator has changed it since. Asked once in `firstDelayMs`. */
  readonly isLoginChanged: () => Promise<boolean>
}

const delayMaxMs = 300_000
/** A token request costs UAA little, and without one nothing is polled. */
const uaaAwayMaxMs = 60_000

/** Work that is repeated, whatever Cloud Foundry does wrong meanwhile. */
export class PatientLoops {
  readonly #deps: PatientLoopsDeps

  constructor(deps: PatientLoopsDeps) {
    this.#deps = deps
  }

  /**
   * Repeats `work` until aborted. What Cloud Foundry does wrong delays it, the longer the more often in a row (`working`: it does
   * not just now); anything else ends it.
   */
  async repeat(
    name: string,
    everyMs: number,
    work: (working: () => void) => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, random, worked } = this.#deps
    for (let failures = 0; ; ) {
      const startedMs = clock.monotonic()
      try {
        const working = () => {
          failures = 0
          worked(name)
        }
        await work(working)
        working()
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof CloudFoundryError)) throw error
        await this.rest(name, error, ++failures, signal)
        continue
      }
      const jittered = everyMs * (0.9 + 0.2 * random())
      await clock.sleep(jittered - (clock.monotonic() - startedMs), signal)
    }
  }

  /** After a failure. */
  async rest(loop: string, error: Error, attempt: number, signal: AbortSignal): Promise<void> {
    const { clock, random, firstDelayMs, failed } = this.#deps
    const maxMs = isUaaAway(error) ? uaaAwayMaxMs : delayMaxMs
    const ceilingMs = Math.min(maxMs, firstDelayMs * 2 ** Math.min(attempt - 1, 20))
    const delayMs = Math.round(ceilingMs * (0.5 + 0.5 * random()))
    failed({ loop, error, attempt, delayMs })
    if (error instanceof CredentialsError && error.end === 'UAA') await this.#untilMended(delayMs, signal)
    else await clock.sleep(delayMs, signal)
  }

  /** UAA must not be asked again and again with what it refuses; what an operator has corrected need not wait. */
  async #untilMended(delayMs: number, signal: AbortSignal): Promise<void> {
    const { clock, firstDelayMs, isLoginChanged } = this.#deps
    for (let leftMs = delayMs; leftMs > 0; leftMs -= firstDelayMs) {
      await clock.sleep(Math.min(leftMs, firstDelayMs), signal)
      if (await isLoginChanged()) return
    }
  }
}

/** Cloud Controller's word for it, when it wants UAA's keys to check a token (CF-UaaUnavailable, errors/v2.yml of cloud_controller_ng). */
const uaaUnavailable = '20004'

/** It cannot be reached, or answers nothing of use. What it refuses, and its rate limit, are another thing. */
function isUaaAway(error: Error): boolean {
  if (!(error instanceof CloudFoundryError)) return false
  const isAway = [UnreachableError, ServerError, BrokenAnswerError].some(kind => error instanceof kind)
  return isAway && (error.end === 'UAA' || error.code === uaaUnavailable)
}
