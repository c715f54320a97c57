import type { Sink } from './contract.ts'

/** Gives every write at most `timeoutMs`; a write that takes longer is aborted and throws, its outcome unknown. */
export function withTimeout<T>(sink: Sink<T>, timeoutMs: number): Sink<T> {
  return {
    connect: signal => sink.connect(signal),
    close: () => sink.close(),
    write: (batch, signal) => sink.write(batch, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])),
  }
}
