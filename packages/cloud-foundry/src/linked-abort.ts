/** An abort of our own that also follows others, and lets go of them: AbortSignal.any holds on to long-lived signals. */
export interface LinkedAbort {
  readonly signal: AbortSignal
  abort(reason: unknown): void
  /** Must be called once the work is over. */
  unlink(): void
}

export function linkedAbort(...followed: readonly AbortSignal[]): LinkedAbort {
  const controller = new AbortController()
  const unlinks = followed.map(signal => {
    const follow = () => controller.abort(signal.reason)
    if (signal.aborted) follow()
    else signal.addEventListener('abort', follow, { once: true })
    return () => signal.removeEventListener('abort', follow)
  })
  return {
    signal: controller.signal,
    abort: reason => controller.abort(reason),
    unlink: () => {
      for (const unlink of unlinks) unlink()
    },
  }
}
