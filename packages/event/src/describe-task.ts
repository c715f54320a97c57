import type { AuditEvent } from './audit-event.ts'

const completed = 'cf-audit-drain.task.completed'
const lost = 'cf-audit-drain.task.lost'

/** What `data` of our own events about tasks says, in words; null for any other event. Texts in it are people's own. */
export function describeTask({ type, data }: AuditEvent, app: string): string | null {
  if (type !== completed && type !== lost) return null
  const said = dataOf(data)
  const by = objectOf(said['created_by'])
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

function dataOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return {}
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
