/** The oldest event that Cloud Controller shows, and how long it has stayed. Its clock, seconds. */
export interface OldestShown {
  readonly sec: number
  /** Since when nothing older than it, nor itself, was seen to go. */
  readonly sinceSec: number
  readonly seenSec: number
}

/** `sec`: as it is shown now; null: nothing is. */
export function oldestShown(
  before: OldestShown | undefined,
  sec: number | null,
  nowSec: number,
): OldestShown | undefined {
  if (sec === null) return before
  const stays = before !== undefined && sec <= before.sec
  return { sec, sinceSec: stays ? before.sinceSec : nowSec, seenSec: nowSec }
}

export function isOldestShown(value: unknown): value is OldestShown {
  const { sec, sinceSec, seenSec } = (value ?? {}) as Partial<OldestShown>
  return [sec, sinceSec, seenSec].every(Number.isSafeInteger)
}
