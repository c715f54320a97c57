import type { AuditEvent } from './audit-event.ts'
import type { EventType } from './catalogue/event-type.ts'
import { dataOf } from './data-of.ts'
import { completedTaskType } from './describe-task.ts'

/**
 * What an event proves. `type` is the catalogue's entry for it, whose outcome it is but for one type: the end of a task
 * is a success or a failure by the state that the task ended in.
 */
export function outcomeOf(event: AuditEvent, type: EventType): EventType['outcome'] {
  if (event.type !== completedTaskType) return type.outcome
  const { state } = dataOf(event)
  if (state === 'SUCCEEDED') return 'success'
  return state === 'FAILED' ? 'failure' : 'unknown'
}
