import { writeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { type Random, seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { makeEntry } from '../contract-suite.ts'
import { LogStorageError } from '../log-error.ts'
import { openEmbeddedLog } from './embedded-log.ts'

/** Another process with the log, for tests that kill it, starve it or look from it. Run this file with a role and its arguments. */
export const childPath = import.meta.filename

/** The writing child's checkpoint: `total` events are in the log, `guid` is the newest. */
export interface ChildCheckpoint {
  readonly batch: number
  readonly total: number
  readonly guid: string | null
}

const roles: Readonly<Record<string, (...args: string[]) => Promise<void>>> = {
  /** Publishes batches and delivers them to a sink, for ever; says each acknowledged batch. */
  write: async (dir, seed) => {
    const log = await openEmbeddedLog({ dir: String(dir), clock: systemClock })
    const writer = await log.writer('lab')
    const source = log.source('siem', { batchMax: 100 })
    const never = new AbortController().signal
    await source.connect(never)
    const random = seededRandom(Number(seed))
    let at: ChildCheckpoint =
      writer.checkpoint === null ? { batch: 0, total: 0, guid: null } : JSON.parse(writer.checkpoint)
    for (;;) {
      const { entries, next } = nextBatch(at, random)
      await writer.publish(entries, JSON.stringify(next))
      at = next
      say(`batch ${at.batch}`)
      await (await source.read(never))?.settle()
    }
  },

  /** Publishes until the storage refuses; says how it refused. */
  fill: async dir => {
    const log = await openEmbeddedLog({ dir: String(dir), clock: systemClock })
    const writer = await log.writer('lab')
    const random = seededRandom(1)
    let at: ChildCheckpoint = { batch: 0, total: 0, guid: null }
    try {
      for (;;) {
        const { entries, next } = nextBatch(at, random)
        await writer.publish(entries, JSON.stringify(next))
        at = next
      }
    } catch (error) {
      say(error instanceof LogStorageError ? `${error.name} ${error.kind} ${at.batch}` : String(error))
    }
  },

  /** Opens for writing, says so, and waits to be killed. */
  hold: async dir => {
    await openEmbeddedLog({ dir: String(dir), clock: systemClock })
    // With --expose-gc: a log nobody holds a reference to is still open.
    for (let turn = 0; turn < 3; turn++) {
      await setImmediate()
      globalThis.gc?.()
    }
    say('holding')
    process.stdin.resume()
  },

  /** Opens for writing and closes; says nothing unless it fails. */
  tryToWrite: async dir => {
    try {
      await (await openEmbeddedLog({ dir: String(dir), clock: systemClock })).close()
      say('opened')
    } catch (error) {
      say(`${(error as Error).name}: ${(error as Error).message}`)
    }
  },

  /** Counts the events as a reader. */
  count: async dir => {
    try {
      const log = await openEmbeddedLog({ dir: String(dir), clock: systemClock, mode: 'read' })
      say(`${(await Array.fromAsync(log.events({}))).length} events`)
      await log.close()
    } catch (error) {
      say(`${(error as Error).name}: ${(error as Error).message}`)
    }
  },
}

function nextBatch(at: ChildCheckpoint, random: Random) {
  const size = 1 + Math.floor(random() * 400)
  const bytes = new Uint8Array(450).fill(at.batch % 251)
  const entries = Array.from({ length: size }, (_, i) => makeEntry(at.total + i, { bytes }))
  const next: ChildCheckpoint = {
    batch: at.batch + 1,
    total: at.total + size,
    guid: entries.at(-1)?.guid ?? at.guid,
  }
  return { entries, next }
}

/** At once, not when the event loop gets to it: the parent may kill us. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}

if (import.meta.main) {
  const [role = '', ...args] = process.argv.slice(2)
  await roles[role]?.(...args)
}
