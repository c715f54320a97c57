import type { SinkDeps } from './sink-worker.ts'

/** What a stopping sink may wait for. By default (20 s) there is time to close all connections after it, with less at least to count. */
export function stopTimes(shutdownTimeoutMs: number): Pick<SinkDeps, 'drainMs' | 'settleMs'> {
  const drainMs = shutdownTimeoutMs / 2
  return { drainMs, settleMs: Math.min(drainMs + 4_000, 0.8 * shutdownTimeoutMs) }
}
