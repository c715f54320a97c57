const shortestSecret = 4

/** Takes the foundation's secrets out of texts that came from outside before they go into a message. */
export class Redaction {
  readonly #secrets = new Set<string>()

  /** From now on replaced, also in its percent-encoded form. Of many (renewed tokens) the last few are enough. */
  add(secret: string): void {
    if (secret.length < shortestSecret) return
    this.#secrets.delete(secret)
    this.#secrets.add(secret)
    for (const oldest of this.#secrets) {
      if (this.#secrets.size <= 8) break
      this.#secrets.delete(oldest)
    }
  }

  /** One short line without secrets, control characters or quotes. */
  line(text: string): string {
    let clean = text
    for (const secret of this.#secrets) {
      for (const form of [secret, encodeURIComponent(secret)]) clean = clean.replaceAll(form, '***')
    }
    clean = clean.replace(/[\p{Cc}\u2028\u2029"]+/gu, ' ').trim()
    return clean.length > 300 ? `${clean.slice(0, 300)}…` : clean
  }
}
