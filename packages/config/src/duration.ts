import { Complaint } from './complaint.ts'

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** One whole number and one unit. */
export const durationPattern = '^[0-9]+(ms|s|m|h|d)$'

/** `10s`, `5m`, `31d` → milliseconds. Limits are durations themselves and are inclusive. */
export function parseDuration(
  text: unknown,
  limits: { readonly min: string; readonly max: string; readonly example: string },
): number | Complaint {
  const wanted = new Complaint(
    `must be a duration from ${limits.min} to ${limits.max} (a whole number and ms, s, m, h or d)`,
    limits.example,
  )
  const ms = typeof text === 'string' ? durationMs(text) : undefined
  if (ms === undefined) return wanted
  return ms < (durationMs(limits.min) ?? 0) || ms > (durationMs(limits.max) ?? Infinity) ? wanted : ms
}

/** Milliseconds of what is written as a duration, whatever its size; undefined for anything else. */
export function durationMs(text: string): number | undefined {
  const match = /^([0-9]{1,12})(ms|s|m|h|d)$/.exec(text)
  const factor = unitMs[match?.[2] ?? '']
  return factor === undefined ? undefined : Number(match?.[1]) * factor
}

/** Milliseconds → the shortest text parseDuration reads back to the same. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const factor = unitMs[unit] ?? 1
    if (ms > 0 && ms % factor === 0) return `${ms / factor}${unit}`
  }
  return `${ms}ms`
}
