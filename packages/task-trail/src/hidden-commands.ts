/** What was hidden is asked for again so much later: the client may have been given more. */
const hiddenMs = 600_000
/** After so many spaces, and none in which a command was shown, it is not the space. */
const spacesMax = 3

/**
 * Where commands are not shown to this client: a role decides it space by space, a scope for all of them. It is never said, so it is
 * learned from tasks that are shown without one.
 */
export class HiddenCommands {
  readonly #untilMs = new Map<string, number>()
  #everywhereUntilMs = Number.NEGATIVE_INFINITY
  #wasShown = false

  isHidden(space: string | null, nowMs: number): boolean {
    return nowMs < this.#everywhereUntilMs || nowMs < (this.#untilMs.get(space ?? '') ?? 0)
  }

  shown(): void {
    this.#wasShown = true
    this.#everywhereUntilMs = Number.NEGATIVE_INFINITY
  }

  hidden(space: string | null, nowMs: number): void {
    for (const [other, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(other)
    this.#untilMs.set(space ?? '', nowMs + hiddenMs)
    if (!this.#wasShown && this.#untilMs.size >= spacesMax) this.#everywhereUntilMs = nowMs + hiddenMs
  }
}
