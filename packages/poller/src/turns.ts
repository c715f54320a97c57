/** Who has waited longest comes first: of what stays where it is, nothing holds up the others. */
export class Turns {
  readonly #lastAt = new Map<number, number>()
  #count = 0

  /** So many of these, and of each the one after it: what was lost in a row may end there. */
  take(all: readonly number[], max: number): ReadonlySet<number> {
    const known = new Set(all)
    for (const one of this.#lastAt.keys()) if (!known.has(one)) this.#lastAt.delete(one)
    const lastAt = (one: number) => this.#lastAt.get(one) ?? 0
    const first = new Set(all.toSorted((a, b) => lastAt(a) - lastAt(b)).slice(0, max))
    const taken = new Set(all.filter((one, i) => first.has(one) || first.has(all[i - 1] ?? Number.NaN)))
    this.#count++
    for (const one of taken) this.#lastAt.set(one, this.#count)
    return taken
  }
}
