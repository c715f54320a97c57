import { rowsWanted } from './options.ts'

const widthMaxSec = 86_400

/** How wide the next window should be for a request to return about so many rows. */
export class WindowWidth {
  #perSec: number
  readonly #rows: number

  /** `perSec`: rows a second over the whole range, from one count. */
  constructor(perSec: number, rows = rowsWanted) {
    this.#perSec = perSec
    this.#rows = rows
  }

  get sec(): number {
    if (this.#perSec <= 0) return widthMaxSec
    return Math.min(widthMaxSec, Math.max(1, Math.round(this.#rows / this.#perSec)))
  }

  /** Of a window that was read whole. Quickly down, slowly up: a window too wide costs more than one too narrow. */
  learn(rows: number, sec: number): void {
    const now = rows / Math.max(1, sec)
    this.#perSec = now > this.#perSec ? now : (this.#perSec * 2 + now) / 3
  }
}
