import type { Random } from '@cf-audit-drain/pipeline'

const firstDelayMs = 5_000
const delayMaxMs = 300_000
/** Twice the longest delay: who has held the writer for so long has nobody against it any more. */
const peaceMs = 2 * delayMaxMs

/**
 * Two processes that both believe that a foundation is theirs take the writer from each other. Neither can do harm, and
 * each time costs the other a start: so each keeps away longer every time, from some seconds to minutes.
 */
export class FencingWar {
  readonly #random: Random
  /** Fencings since there was peace. */
  #inRow = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** The writer was lost after `heldMs`; how long to keep away from it. */
  fenced(heldMs: number): { readonly inRow: number; readonly delayMs: number } {
    this.#inRow = heldMs >= peaceMs ? 1 : this.#inRow + 1
    const ceilingMs = Math.min(delayMaxMs, firstDelayMs * 2 ** Math.min(this.#inRow - 1, 20))
    return { inRow: this.#inRow, delayMs: Math.round(ceilingMs * (0.5 + 0.5 * this.#random())) }
  }
}
