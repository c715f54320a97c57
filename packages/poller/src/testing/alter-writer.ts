import type { EventLog, FoundationWriter } from '@cf-audit-drain/log'

/** From now on each writer that `log` opens does what `changes` says instead. Returns what opens them as before. */
export function alterWriter(
  log: EventLog,
  changes: (real: FoundationWriter) => Partial<FoundationWriter>,
): EventLog['writer'] {
  const { writer } = log
  log.writer = async foundation => {
    const real = await writer.call(log, foundation)
    return {
      checkpoint: real.checkpoint,
      isAtomic: real.isAtomic,
      uncounted: () => real.uncounted(),
      guids: since => real.guids(since),
      names: () => real.names(),
      guidsOf: windows => real.guidsOf(windows),
      eventsOf: window => real.eventsOf(window),
      places: since => real.places(since),
      forgottenUpToMs: () => real.forgottenUpToMs(),
      ledger: () => real.ledger(),
      close: () => real.close(),
      publish: (...what) => real.publish(...what),
      ...changes(real),
    }
  }
  return writer
}
