import type { AuditEvent, OwnEvent } from '@cf-audit-drain/event'
import type { Explained } from './explain.ts'
import { type Finding, subjectOf } from './finding.ts'
import { differing, digest } from './value.ts'
import { typeOf } from './weight.ts'

/** Stamped with the end of the reading that found it. */
export function differenceEvent(finding: Finding, explained: Explained, nowSec: number): OwnEvent {
  const { kind, before, after, between } = finding
  const { key, target, spaceGuid, organizationGuid } = subjectOf(finding)
  const values =
    before === null || after === null
      ? { before: before?.value ?? null, after: after?.value ?? null }
      : differing(before.value, after.value)
  return {
    type: typeOf(finding, explained.explanation),
    // On, off and on again are three events; one change that is told by two processes is one.
    subject: [
      kind,
      key,
      digest(before?.value ?? null),
      digest(after?.value ?? null),
      String(between.fromSec),
    ],
    createdAtSec: nowSec,
    target,
    spaceGuid,
    organizationGuid,
    data: {
      kind,
      object: key,
      change: before === null ? 'created' : after === null ? 'deleted' : 'updated',
      ...values,
      seen_between: { from: isoOf(between.fromSec), to: isoOf(between.toSec) },
      explanation: explained.explanation,
      explained_by: explained.by.map(reference),
    },
  }
}

function reference({ guid, type, actor, createdAt }: AuditEvent) {
  return { guid, type, actor: actor && { ...actor }, created_at: createdAt }
}

function isoOf(sec: number): string {
  return `${new Date(sec * 1000).toISOString().slice(0, 19)}Z`
}
