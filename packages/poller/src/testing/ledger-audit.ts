import { decodeAuditEvent, isOwnGuid } from '@cf-audit-drain/event'
import { digestOf, type EventLog, type FoundationWindow } from '@cf-audit-drain/log'

/** What the log holds of Cloud Controller's events, by the second of their stamp. */
async function heldBySec(log: EventLog): Promise<readonly { guid: string; sec: number; offset: number }[]> {
  const held: { guid: string; sec: number; offset: number }[] = []
  for await (const { guid, bytes, offset } of log.events({}))
    if (!isOwnGuid(guid))
      held.push({ guid, offset, sec: Date.parse(decodeAuditEvent(bytes).createdAt) / 1000 })
  return held
}

/**
 * Every sentence of the ledger that the log does not bear out; none when all is well. Dead letters count by their
 * number, for the log does not say which window they are of.
 */
export async function ledgerFaults(log: EventLog): Promise<readonly string[]> {
  const windows = await Array.fromAsync(log.ledger({}))
  const held = await heldBySec(log)
  const faults: string[] = []
  let covered = 0
  for (const window of windows) {
    const inside = held.filter(({ sec }) => sec >= window.fromSec && sec < window.toSec)
    covered += inside.length
    for (const fault of faultsOf(window, inside)) faults.push(`${window.fromSec} ${window.state}: ${fault}`)
  }
  for (const [i, window] of windows.entries())
    if (window.fromSec < (windows[i - 1]?.toSec ?? 0))
      faults.push(`${window.fromSec}: overlaps the one before`)
  if (covered !== held.length) faults.push(`${held.length - covered} events are in no window`)
  return faults
}

function* faultsOf(
  window: FoundationWindow,
  inside: readonly { guid: string; offset: number }[],
): Generator<string> {
  const { held, deadLetters, digest, firstOffset, lastOffset } = window
  if (held - deadLetters !== inside.length)
    yield `says ${held} held, ${deadLetters} dead, has ${inside.length}`
  const offsets = inside.map(({ offset }) => offset)
  if (offsets.some(offset => offset < (firstOffset ?? Infinity) || offset > (lastOffset ?? -1)))
    yield `its events lie outside ${firstOffset} … ${lastOffset}`
  if (digest !== null && deadLetters === 0 && digest !== digestOf(inside.map(({ guid }) => guid)))
    yield 'its digest is not that of its guids'
}
