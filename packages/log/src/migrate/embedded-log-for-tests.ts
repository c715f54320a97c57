import { systemClock } from '@cf-audit-drain/pipeline'
import { makeEntry } from '../contract-suite/made-up-entries.ts'
import { openEmbeddedLog } from '../embedded/embedded-log.ts'
import { emptyWindow, type LedgerWindow, ledgerWindowSec } from '../ledger/ledger-window.ts'
import type { EventLog, LogEntry } from '../ports.ts'

const never = new AbortController().signal

/** An event of a foundation that no other has. */
export function entryOf(foundation: string, i: number, changes: Partial<LogEntry> = {}): LogEntry {
  const { guid } = makeEntry(i)
  const types = ['audit.app.update', 'audit.app.ssh-authorized', 'app.crash'] as const
  return makeEntry(i, {
    guid: `${foundation}-${guid}`,
    type: types[i % 3] ?? types[0],
    provenance: i % 7 === 0 ? 'backfill' : 'live',
    bytes: bytesOf(foundation, i),
    ...changes,
  })
}

/** Every byte there is, single objects and others, the empty one among them. */
function bytesOf(foundation: string, i: number): Uint8Array {
  const bytes = Uint8Array.from({ length: (i * 37) % 900 }, (_, at) => (at + i + foundation.length) % 256)
  if (bytes.length >= 10 && i % 2 === 0) bytes.set([0xc3, 0x01])
  return bytes
}

/** Delivers to a sink, in deliveries of at most `batchMax`, until it has had `count`. */
export async function deliver(log: EventLog, sink: string, count: number, batchMax = 100): Promise<void> {
  const source = log.source(sink, { batchMax: Math.min(batchMax, Math.max(1, count)) })
  await source.connect(never)
  for (let had = 0; had < count; ) {
    const delivery = await source.read(never)
    had += delivery?.batch.length ?? count
    await delivery?.settle()
  }
  await source.close()
}

/**
 * Two foundations, whose events take turns; `count` of each. The first half is delivered to `siem` and `archive` and
 * pruned, the oldest of that forgotten; then a quarter goes to `siem`, and `late` is registered and has had nothing.
 */
export async function fillEmbeddedLog(dir: string, count: number): Promise<void> {
  const log = await openEmbeddedLog({ dir, clock: systemClock, synchronous: 'normal' })
  const writers = [await log.writer('lab'), await log.writer('prod')]
  const publish = async (from: number, to: number) => {
    for (let at = from; at < to; at += 50)
      for (const [w, foundation] of ['lab', 'prod'].entries()) {
        const entries = Array.from({ length: Math.min(50, to - at) }, (_, i) => entryOf(foundation, at + i))
        const letters = at === from ? [letterOf(foundation, `${from}`)] : []
        const windows = windowsOf(entries, at)
        await writers[w]?.publish(entries, `checkpoint of ${foundation} at ${at}`, letters, { windows })
      }
  }
  const half = Math.floor(count / 2)
  await publish(0, half)
  await deliver(log, 'siem', 2 * half)
  await deliver(log, 'archive', 2 * half)
  const forgetAfter = (i: number) => ({ maxAgeMs: 0, forgetGuidsAfterSec: 1_000_000 - i })
  const nowMs = (entryOf('lab', 0).createdAtSec + 1_000_000) * 1_000
  for (let i = 0; i < 50; i++) await log.prune(forgetAfter(Math.floor(half / 5)), nowMs)
  await publish(half, count)
  await deliver(log, 'siem', half, 7)
  await deliver(log, 'late', 0)
  await log.bury([{ ...letterOf('lab', 'refused'), origin: 'siem' }])
  for (const writer of writers) await writer.close()
  await log.close()
}

/** The window of the ledger that the first of the entries lies in, held up to now. */
function windowsOf([first]: readonly LogEntry[], held: number): readonly LedgerWindow[] {
  const fromSec = Math.floor((first?.createdAtSec ?? 0) / ledgerWindowSec) * ledgerWindowSec
  const window = emptyWindow({ fromSec, toSec: fromSec + ledgerWindowSec })
  return [{ ...window, held, state: 'closed', counted: held, digest: 'd'.repeat(64) }]
}

function letterOf(foundation: string, key: string) {
  return {
    foundation,
    origin: 'poller',
    key,
    reason: `why ${key} – ünlesbar`,
    raw: Uint8Array.from({ length: 300 }, (_, i) => i % 256),
    atMs: 1_770_000_000_000,
  }
}
