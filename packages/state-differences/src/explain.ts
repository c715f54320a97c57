import type { AuditEvent } from '@cf-audit-drain/event'
import { explainsRole } from './explain-role.ts'
import { type Finding, subjectOf } from './finding.ts'
import type { Span } from './observed.ts'

/** Why a difference is there, as far as the audit events of that time tell. */
export type Explanation =
  /** Events of that time tell of it. */
  | 'audited'
  /** Cloud Controller audits such changes, and no event of that time tells of this one. */
  | 'unexplained'
  /** Cloud Controller does not audit such changes. */
  | 'not-audited'
  /** Not all events of that time could be read. */
  | 'unknown'

export interface Explained {
  readonly explanation: Explanation
  readonly by: readonly AuditEvent[]
}

/** An event is stamped before what it tells of can be seen; the clocks of the hosts of one Cloud Controller differ little. */
const earlierSec = 60
const laterSec = 5
/** Of one difference. */
const eventsMax = 10

/** The time in which what explains these may be stamped. */
export function spanOf(findings: readonly Finding[]): Span {
  return {
    fromSec: Math.min(...findings.map(({ between }) => between.fromSec)) - earlierSec,
    toSec: Math.max(...findings.map(({ between }) => between.toSec)) + laterSec,
  }
}

/** `events`: of that time; null stands for one whose content is not kept any more. */
export async function explain(
  findings: readonly Finding[],
  events: AsyncIterable<AuditEvent | null>,
): Promise<ReadonlyMap<Finding, Explained>> {
  const by = new Map<Finding, AuditEvent[]>(findings.map(finding => [finding, []]))
  let isWhole = true
  for await (const event of events) {
    if (event === null) isWhole = false
    if (event === null || !mayExplain.test(event.type)) continue
    for (const [finding, explaining] of by)
      if (explaining.length < eventsMax && isOfTime(event, finding.between) && explains(event, finding))
        explaining.push(event)
  }
  const none = isWhole ? 'unexplained' : 'unknown'
  return new Map(
    [...by].map(([finding, found]) => [
      finding,
      { explanation: found.length > 0 ? 'audited' : none, by: found },
    ]),
  )
}

const mayExplain = /^audit\.(user\.|organization_quota\.|space_quota\.|organization\.|space\.)/

function isOfTime({ createdAt }: AuditEvent, { fromSec, toSec }: Span): boolean {
  const sec = Date.parse(createdAt) / 1000
  return sec >= fromSec - earlierSec && sec < toSec + laterSec
}

function explains(event: AuditEvent, finding: Finding): boolean {
  return finding.kind === 'role' ? explainsRole(event, finding) : explainsQuota(event, finding)
}

function explainsQuota(event: AuditEvent, finding: Finding): boolean {
  const { key, target } = subjectOf(finding)
  if (event.type.startsWith(`audit.${target.type}.`)) return event.target?.guid === key
  // An organization or space that is made has a quota from the start, and takes it with it.
  const isMade = /^audit\.(organization|space)\.(create|update|delete-request)$/.test(event.type)
  return isMade && finding.before !== null && finding.after !== null && isMoved(event.target?.guid, finding)
}

/** Whether this organization or space is under the quota on one side only. */
function isMoved(guid: string | undefined, { before, after }: Finding): boolean {
  const [old, now] = [before, after].map(side =>
    ['organizations', 'spaces'].some(name => {
      const list = side?.value[name]
      return Array.isArray(list) && list.includes(guid)
    }),
  )
  return guid !== undefined && old !== now
}
