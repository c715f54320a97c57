import type { FoundationWriter } from '@cf-audit-drain/log'
import { orAborted } from '@cf-audit-drain/pipeline'
import { untilAborted } from './until-aborted.ts'

/**
 * The writer, but that what is read ends with the signal: brokers that answer nothing keep no session from stopping. Publishing is ended
 * by the log.
 */
export function stoppableWriter(writer: FoundationWriter, signal: AbortSignal): FoundationWriter {
  const reading = <T>(read: AsyncIterable<T>) => untilAborted(read, signal)
  return {
    get checkpoint() {
      return writer.checkpoint
    },
    isAtomic: writer.isAtomic,
    uncounted: () => reading(writer.uncounted()),
    guids: sinceSec => reading(writer.guids(sinceSec)),
    names: () => reading(writer.names()),
    guidsOf: windows => reading(writer.guidsOf(windows)),
    eventsOf: window => reading(writer.eventsOf(window)),
    places: sinceSec => reading(writer.places(sinceSec)),
    forgottenUpToMs: () => orAborted(writer.forgottenUpToMs(), signal),
    ledger: () => reading(writer.ledger()),
    publish: (...what) => writer.publish(...what),
    close: () => writer.close(),
  }
}
