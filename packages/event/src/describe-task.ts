import type { AuditEvent } from './audit-event.ts'
import { dataOf, membersOf } from './data-of.ts'

export const completedTaskType = 'cf-audit-drain.task.completed'
const lost = 'cf-audit-drain.task.lost'

/** What `data` of our own events about tasks says, in words; null for any other event. Texts in it are people's own. */
export function describeTask(event: AuditEvent, app: string): string | null {
  const { type } = event
  if (type !== completedTaskType && type !== lost) return null
  const said = dataOf(event)
  const by = membersOf(said['created_by'])
  const who = textOf(by['name']) || textOf(by['guid']) || 'somebody'
  const task = `task ${textOf(said['task_name']) || textOf(said['task_guid'])} of app ${app}, created by ${who},`
  if (type === lost) {
    const last = textOf(said['last_state'])
    const seen = last === '' ? 'and never seen' : `last seen ${textOf(said['last_seen_at'])} as ${last}`
    return `${task} is gone before it was seen to end, ${seen}`
  }
  const reason = textOf(said['failure_reason'])
  const after = typeof said['duration_seconds'] === 'number' ? ` after ${said['duration_seconds']} s` : ''
  return `${task} ${textOf(said['state'])}${after}${reason === '' ? '' : `: ${reason}`}`
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
