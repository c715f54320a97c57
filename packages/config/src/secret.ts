import { inspect } from 'node:util'

const shown = '[secret]'

/**
 * A value that cannot be printed by accident: every ordinary way to text gives `[secret]`. Only `reveal()` gives the
 * value, so `grep reveal` finds every place that uses one.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return shown
  }

  toJSON(): string {
    return shown
  }

  [inspect.custom](): string {
    return shown
  }
}

/**
 * Reads a secret from a file again, as loadConfig read it: one trailing newline (LF or CRLF) is not part of it.
 * Call it when a credential was refused: the file may have been rotated. Throws what `readFile` throws.
 */
export function readSecretFile(path: string, readFile: (path: string) => string): Secret {
  return new Secret(readFile(path).replace(/\r?\n$/, ''))
}
