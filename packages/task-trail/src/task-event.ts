import { canBeLookedUp } from '@cf-audit-drain/cloud-foundry'
import { type AuditEvent, timestampSec } from '@cf-audit-drain/event'
import type { FollowedTask, TaskActor } from './followed-task.ts'

/** What an audit event tells of a task. */
export type TaskMention =
  | { readonly what: 'created'; readonly task: FollowedTask }
  | {
      readonly what: 'canceled'
      readonly guid: string
      readonly canceled: NonNullable<FollowedTask['canceled']>
    }

/** Null for an event that tells of none, or of one that cannot be asked for. */
export function mentionOf(event: AuditEvent): TaskMention | null {
  const isCreate = event.type === 'audit.app.task.create'
  if (!isCreate && event.type !== 'audit.app.task.cancel') return null
  const { guid, name } = dataOf(event.data)
  if (guid === null || !canBeLookedUp(guid)) return null
  const by = actorOf(event)
  if (!isCreate) return { what: 'canceled', guid, canceled: { eventGuid: event.guid, by } }
  const task: FollowedTask = {
    guid,
    createEventGuid: event.guid,
    createdSec: timestampSec(event.createdAt) ?? 0,
    name,
    app: { guid: event.target?.guid ?? '', name: event.target?.name ?? '' },
    spaceGuid: event.spaceGuid,
    organizationGuid: event.organizationGuid,
    createdBy: by,
    canceled: null,
    seen: null,
    command: null,
  }
  return { what: 'created', task }
}

function actorOf({ actor, names }: AuditEvent): TaskActor | null {
  if (actor === null) return null
  return { guid: actor.guid, type: actor.type, name: names?.actor || actor.username || actor.name }
}

function dataOf(text: string): { readonly guid: string | null; readonly name: string | null } {
  try {
    const data = JSON.parse(text) as { task_guid?: unknown; request?: { name?: unknown } | null } | null
    return { guid: textOf(data?.task_guid), name: textOf(data?.request?.name) }
  } catch {
    return { guid: null, name: null }
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
