import type { Outcome, Sink } from '@cf-audit-drain/pipeline'
import type { AuditEvent } from './audit-event.ts'
import { decodeAuditEvent } from './avro.ts'

/**
 * Lets a sink of events take the records of the log. A record that cannot be decoded is rejected; the others go to
 * `sink` in their order, and each outcome comes back to its record's place. Nothing decodable: `sink` is not called.
 */
export function withDecoding(sink: Sink<AuditEvent>): Sink<{ readonly bytes: Uint8Array }> {
  return {
    connect: signal => sink.connect(signal),
    close: () => sink.close(),
    async write(batch, signal) {
      const events: AuditEvent[] = []
      const rejected = new Map<number, Outcome>()
      for (const [place, { bytes }] of batch.entries()) {
        try {
          events.push(decodeAuditEvent(bytes))
        } catch (reason) {
          rejected.set(place, { kind: 'rejected', reason: asError(reason) })
        }
      }
      const outcomes = isBatch(events) ? await sink.write(events, signal) : []
      if (outcomes.length !== events.length)
        throw new Error(`the sink was given ${events.length} events and answered for ${outcomes.length}`)
      return inPlace(batch.length, rejected, outcomes)
    },
  }
}

function inPlace(
  length: number,
  rejected: ReadonlyMap<number, Outcome>,
  outcomes: readonly Outcome[],
): readonly Outcome[] {
  if (rejected.size === 0) return outcomes
  const rest = outcomes.values()
  return Array.from({ length }, (_, place) => {
    const outcome = rejected.get(place) ?? rest.next().value
    if (outcome === undefined) throw new Error(`no outcome for record ${place}`)
    return outcome
  })
}

function isBatch<T>(items: T[]): items is [T, ...T[]] {
  return items.length > 0
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
