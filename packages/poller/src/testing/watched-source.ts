import type { TestContext } from 'node:test'
import type { SimulatorOptions } from '@cf-audit-drain/foundation-simulator'
import type { EventLog } from '@cf-audit-drain/log'
import { hourMs, PolledFoundation } from './polled-foundation.ts'

export const minuteMs = 60_000
export const dayMs = 24 * hourMs

/** A foundation with an event every so many minutes for so many days, polled once a minute, everything read. */
export async function watchedSource(
  t: TestContext,
  { days, everyMin }: { readonly days: number; readonly everyMin: number },
  simulator: SimulatorOptions = {},
  openLog: (() => Promise<EventLog>) | null = null,
): Promise<PolledFoundation> {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 }, simulator, {}, openLog)
  insertHistory(one, { days, everyMin })
  await one.started()
  // Past the time for which an answer without them could be that of a replica that lags.
  await one.passCalmly(90 * minuteMs)
  return one
}

export function insertHistory(
  one: PolledFoundation,
  { days, everyMin }: { readonly days: number; readonly everyMin: number },
): void {
  const count = Math.floor((days * dayMs) / (everyMin * minuteMs))
  one.foundation.insert(
    Array.from({ length: count }, (_, i) => ({ createdAtUs: one.agoUs((i + 0.5) * everyMin * minuteMs) })),
  )
}

/** So many verifications, with an event before each. */
export async function goesOn(one: PolledFoundation, times = 5): Promise<void> {
  for (let i = 0; i <= times; i++) {
    one.foundation.insert([{}])
    const before = one.verified.length
    await one.passCalmly(6 * minuteMs)
    // Where the log is slow or fails, time goes by meanwhile: a retry sleeps up to a minute, a verification five.
    await one.until(() => {
      one.clock.advance(200)
      return one.verified.length > before
    })
  }
}

/** What Cloud Controller has of events so many milliseconds ago. */
export function shownGuids(one: PolledFoundation, which: (agoMs: number) => boolean): readonly string[] {
  return one.foundation
    .shown()
    .filter(row => row.deletedAtMs === null && which((one.agoUs(0) - row.createdAtUs) / 1000))
    .map(({ guid }) => guid)
}
