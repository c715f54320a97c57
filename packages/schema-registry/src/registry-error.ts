/**
 * `unreachable`: no answer, or an outage on its side; `refused`: it wants another login; `not-a-registry`: what answers there is
 * something else; `rejected`: it does not take this schema.
 */
export type RegistryErrorKind = 'unreachable' | 'refused' | 'not-a-registry' | 'rejected'

/** One sentence: which registry, what, and what to do. Holds no secret. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError'
  readonly kind: RegistryErrorKind
  /** The same request may succeed soon without anybody doing anything. */
  readonly retryable: boolean

  constructor(kind: RegistryErrorKind, sentence: string, retryable = false) {
    super(sentence)
    this.kind = kind
    this.retryable = retryable
  }
}
