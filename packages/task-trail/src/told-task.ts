import type { ShownTask } from '@cf-audit-drain/cloud-foundry'
import { type OwnEvent, timestampSec } from '@cf-audit-drain/event'
import type { FollowedTask } from './followed-task.ts'

export const completedType = 'cf-audit-drain.task.completed'
export const lostType = 'cf-audit-drain.task.lost'

/** Why an event has no command though it should have one. */
export type CommandMissing = 'hidden' | 'gone' | 'unavailable'

export interface CommandPolicy {
  readonly command: 'off' | 'fingerprint' | 'clear'
}

/** Stamped with the end of the task. */
export function completedTask(
  task: FollowedTask,
  shown: ShownTask,
  { command }: CommandPolicy,
  missing: CommandMissing | null,
  nowSec: number,
): OwnEvent {
  const createdSec = secOf(shown.createdAt) ?? task.createdSec
  const endedSec = secOf(shown.updatedAt) ?? nowSec
  return {
    ...aboutApp(task),
    type: completedType,
    createdAtSec: endedSec,
    data: {
      ...who(task, shown.name),
      state: shown.state,
      failure_reason: shown.failureReason,
      created_at: isoOf(createdSec),
      ended_at: isoOf(endedSec),
      duration_seconds: Math.max(0, endedSec - createdSec),
      ...commandOf(task, command, missing),
    },
  }
}

/** Stamped with the moment it was found to be gone. */
export function lostTask(
  task: FollowedTask,
  { command }: CommandPolicy,
  missing: CommandMissing | null,
  missingSinceSec: number,
  nowSec: number,
): OwnEvent {
  return {
    ...aboutApp(task),
    type: lostType,
    createdAtSec: nowSec,
    data: {
      ...who(task, null),
      created_at: isoOf(task.createdSec),
      last_state: task.seen?.state ?? null,
      last_seen_at: task.seen === null ? null : isoOf(task.seen.atSec),
      missing_since: isoOf(missingSinceSec),
      ...commandOf(task, command, missing === 'hidden' ? 'hidden' : 'gone'),
    },
  }
}

/** A task is told of once: its guid is the whole subject. */
function aboutApp({ guid, app, spaceGuid, organizationGuid }: FollowedTask) {
  return { subject: [guid], target: { ...app, type: 'app' }, spaceGuid, organizationGuid }
}

function who(task: FollowedTask, shownName: string | null) {
  return {
    task_guid: task.guid,
    task_name: shownName ?? task.name,
    create_event_guid: task.createEventGuid,
    created_by: task.createdBy,
    ...(task.canceled && { cancel_event_guid: task.canceled.eventGuid, canceled_by: task.canceled.by }),
  }
}

/** `command` is the place of the fingerprint, as in every event; the text of it has a place of its own. */
function commandOf(
  { command }: FollowedTask,
  policy: CommandPolicy['command'],
  missing: CommandMissing | null,
) {
  if (policy === 'off') return {}
  if (command === null) return { command: null, command_missing: missing ?? 'unavailable' }
  return {
    command: command.fingerprint,
    ...(policy === 'clear' && command.text !== null ? { command_line: command.text } : {}),
  }
}

function secOf(text: string | null): number | null {
  return text === null ? null : timestampSec(text)
}

function isoOf(sec: number): string {
  return `${new Date(sec * 1000).toISOString().slice(0, 19)}Z`
}
