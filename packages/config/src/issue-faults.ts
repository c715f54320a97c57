import type * as z from 'zod'
import { Complaint } from './complaint.ts'
import type { Fault } from './fault.ts'
import { nearestName } from './nearest-name.ts'
import { type Origin, type Path, pathText } from './settings-tree.ts'

type Issue = z.core.$ZodIssue

/** The complaint a setting's schema raised, and whether the value may be shown. */
export function complaintOf(
  issue: Issue,
): { readonly complaint: Complaint; readonly isSecret: boolean } | undefined {
  const complaint: unknown = issue.code === 'custom' ? issue.params?.['complaint'] : undefined
  if (!(complaint instanceof Complaint)) return undefined
  return { complaint, isSecret: issue.code === 'custom' && issue.params?.['isSecret'] === true }
}

export function faultFromComplaint(complaint: Complaint, path: Path, origin: Origin, value?: unknown): Fault {
  const key = path.at(-1)
  const assignment = origin.assignment ?? (typeof key === 'string' ? `${key}: ` : '- ')
  return {
    where: origin.where,
    path: pathText(path),
    problem: complaint.problem.startsWith('must be')
      ? `${complaint.problem}${shownValue(value, origin)}`
      : complaint.problem,
    instead: complaint.isAdvice ? complaint.instead : `write ${assignment}${complaint.instead}`,
  }
}

/** What `schema` has against one value given outside a file. */
export function optionComplaint(
  schema: z.ZodType,
  value: unknown,
  path: Path,
  origin: Origin,
): Fault | undefined {
  const judged = schema.safeParse(value)
  const found =
    judged.success || judged.error.issues[0] === undefined ? undefined : complaintOf(judged.error.issues[0])
  if (found === undefined) return undefined
  return faultFromComplaint(found.complaint, path, origin, found.isSecret ? undefined : value)
}

/** An unknown key, with the known one that was probably meant. */
export function unknownKeyFault(path: Path, key: string, known: readonly string[], where: string): Fault {
  const meant = nearestName(key, known)
  return {
    where,
    path: pathText([...path, key]),
    problem: 'is not a known setting',
    instead: meant === undefined ? `the settings here are ${known.join(', ')}` : `did you mean ${meant}?`,
  }
}

/** `, but is "10"`; nothing for what is missing, may hold a secret, or is not one value. */
function shownValue(value: unknown, origin: Origin): string {
  if (origin.template !== undefined) return `, but ${JSON.stringify(origin.template)} is something else`
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return ''
  if (value === '' || String(value).includes('@')) return ''
  const text = String(value)
  return `, but is ${JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : value)}`
}
