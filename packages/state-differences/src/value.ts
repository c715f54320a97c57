import { createHash } from 'node:crypto'
import type { Value } from './observed.ts'

/** A list of more has its digest in the place of what is beyond. */
const listMax = 1_000

/** Members in order, nulls left out, lists bounded: what is equal is written alike. */
export function normal(value: unknown): unknown {
  if (Array.isArray(value)) return bounded(value.map(normal))
  if (!isMembers(value)) return value
  const members = Object.entries(value)
    .filter(([, member]) => member !== null && member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([name, member]) => [name, normal(member)]))
}

/** Of a text in its normal form. */
export function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)
}

export function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** The members in which two values differ, on both sides; null where one is not there. */
export function differing(before: Value, after: Value): { readonly before: Value; readonly after: Value } {
  const [old, now]: [[string, unknown][], [string, unknown][]] = [[], []]
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [a, b] = [before[name], after[name]]
    if (isEqual(a, b)) continue
    const inside = isMembers(a) && isMembers(b) ? differing(a, b) : { before: a ?? null, after: b ?? null }
    old.push([name, inside.before])
    now.push([name, inside.after])
  }
  return { before: Object.fromEntries(old), after: Object.fromEntries(now) }
}

export function isMembers(value: unknown): value is Value {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function bounded(list: readonly unknown[]): unknown {
  if (list.length <= listMax) return list
  return { count: list.length, digest: digest(list), first: list.slice(0, 100) }
}
