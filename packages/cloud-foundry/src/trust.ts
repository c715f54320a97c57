import { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'

const certificateBlock =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g

/** Thrown with a sentence that names the file. */
export class CaFileError extends Error {
  override readonly name = 'CaFileError'
}

/** What TLS connections trust: Node's own roots (NODE_EXTRA_CA_CERTS and --use-system-ca included) and those of a file. */
export class Trust {
  readonly #caFile: string
  readonly #onWarning: (message: string) => void
  #stamp = ''
  #context: SecureContext | null = null

  constructor(caFile: string, onWarning: (message: string) => void) {
    this.#caFile = caFile
    this.#onWarning = onWarning
  }

  /**
   * Read again when the file has changed; a new object says so. A change into something unreadable is warned of and
   * what was trusted before stays trusted.
   * @throws CaFileError when there was never a good file
   */
  async context(): Promise<SecureContext> {
    try {
      const { mtimeMs, size, ino } = await stat(this.#caFile)
      const stamp = `${mtimeMs} ${size} ${ino}`
      if (stamp === this.#stamp && this.#context) return this.#context
      this.#context = createSecureContext({ ca: [...getCACertificates('default'), ...(await this.#read())] })
      this.#stamp = stamp
    } catch (error) {
      const sentence = error instanceof CaFileError ? error.message : this.#unreadable(error)
      if (!this.#context) throw new CaFileError(sentence)
      this.#warnOnce(sentence)
    }
    return this.#context
  }

  async #read(): Promise<string[]> {
    const blocks = (await readFile(this.#caFile, 'latin1')).match(certificateBlock) ?? []
    if (blocks.length === 0)
      throw new CaFileError(
        `caFile ${this.#caFile} holds no certificate: it must be PEM, -----BEGIN CERTIFICATE-----`,
      )
    for (const [index, block] of blocks.entries()) {
      try {
        new X509Certificate(block)
      } catch {
        throw new CaFileError(
          `caFile ${this.#caFile}: certificate ${index + 1} of ${blocks.length} is damaged`,
        )
      }
    }
    return blocks
  }

  #unreadable(error: unknown): string {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    return `caFile ${this.#caFile} cannot be read (${code})`
  }

  #warned = ''
  #warnOnce(sentence: string): void {
    if (this.#warned !== sentence) this.#onWarning(`${sentence}; what it held before stays trusted`)
    this.#warned = sentence
  }
}
