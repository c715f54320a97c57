import { Complaint } from './complaint.ts'

/** Where the first start of a foundation begins; later starts go on from the checkpoint. */
export type StartFrom =
  /** Everything Cloud Controller still has. */
  | { readonly kind: 'retention' }
  /** Only what happens from the first start on. */
  | { readonly kind: 'now' }
  | { readonly kind: 'instant'; readonly atSec: number }

export const startFromPattern =
  '^(retention|now|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2}))$'

export function parseStartFrom(text: string): StartFrom | Complaint {
  if (text === 'retention' || text === 'now') return { kind: text }
  const ms = new RegExp(startFromPattern).test(text) ? Date.parse(text) : Number.NaN
  const rollsOver =
    !Number.isNaN(ms) &&
    new Date(Date.parse(`${text.slice(0, 19)}Z`)).toISOString().slice(0, 19) !== text.slice(0, 19)
  if (Number.isNaN(ms) || rollsOver) {
    return new Complaint(
      'must be retention, now, or a time with seconds and zone',
      'retention | now | 2026-11-01T00:00:00Z',
    )
  }
  return { kind: 'instant', atSec: Math.floor(ms / 1000) }
}
