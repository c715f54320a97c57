import { canBeLookedUp } from '@cf-audit-drain/cloud-foundry'
import type { NameRecord } from '@cf-audit-drain/log'

/** Who created or cancelled a task, as the event said; `name` is the user name where it was found. */
export interface TaskActor {
  readonly guid: string
  readonly type: string
  readonly name: string
}

/** What is kept of a command. Never the command itself: secrets in it are scrubbed before it is kept. */
export interface KeptCommand {
  readonly fingerprint: string
  /** Without the secrets in it; null unless it may be told in clear. */
  readonly text: string | null
}

/** A task that was created and has not been seen to end. */
export interface FollowedTask {
  readonly guid: string
  readonly createEventGuid: string
  /** Of the create event, in Cloud Controller's clock. */
  readonly createdSec: number
  /** As the create event has it, else as Cloud Controller first showed it. */
  readonly name: string | null
  readonly app: { readonly guid: string; readonly name: string }
  readonly spaceGuid: string | null
  readonly organizationGuid: string | null
  readonly createdBy: TaskActor | null
  readonly canceled: { readonly eventGuid: string; readonly by: TaskActor | null } | null
  /** As Cloud Controller last showed it; kept to the hour. Null: it never did. */
  readonly seen: { readonly state: string; readonly atSec: number } | null
  readonly command: KeptCommand | null
}

/** Of the keys of all that a trail keeps. */
export const keyPrefix = 'task '

export function recordKey(guid: string): string {
  return keyPrefix + guid
}

/** `v`: of the form, so that a later one is known for what it is. */
export function recordOf(task: FollowedTask): NameRecord {
  return { key: recordKey(task.guid), value: JSON.stringify({ v: 1, ...task }) }
}

/** Null for a record that is not understood: written by a later version, or damaged. */
export function taskOf(key: string, value: string): FollowedTask | null {
  try {
    const { v, ...task } = JSON.parse(value) as FollowedTask & { readonly v: unknown }
    const isWhole =
      v === 1 &&
      recordKey(task.guid) === key &&
      canBeLookedUp(task.guid) &&
      typeof task.app?.guid === 'string' &&
      task.createEventGuid !== '' &&
      Number.isSafeInteger(task.createdSec)
    return isWhole ? task : null
  } catch {
    return null
  }
}
