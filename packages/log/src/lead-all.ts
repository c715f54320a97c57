import { once } from 'node:events'
import type { Candidate } from './ports.ts'
import { Terms } from './terms.ts'

/** The election of a log that one process at a time has open: that process polls everything, until the signal is aborted. */
export async function leadAll(
  foundations: readonly string[],
  candidate: Candidate,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return
  const terms = new Terms(candidate)
  candidate.elected?.(new Set(foundations))
  terms.hold(new Set(foundations))
  const over = AbortSignal.any([signal, terms.failed])
  if (!over.aborted) await once(over, 'abort')
  terms.hold(new Set())
  await terms.ended()
  terms.failed.throwIfAborted()
}
