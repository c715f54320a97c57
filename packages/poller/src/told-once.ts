/** What was told before, the newest of it: a guid that every look finds gone is news once. */
export class ToldOnce {
  readonly #told = new Set<string>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  /** Those that were not told yet; they count as told now. */
  news(guids: readonly string[]): readonly string[] {
    const news = guids.filter(guid => !this.#told.has(guid))
    for (const guid of news) this.#told.add(guid)
    for (const guid of this.#told) {
      if (this.#told.size <= this.#max) break
      this.#told.delete(guid)
    }
    return news
  }
}
