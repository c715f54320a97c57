import type { Scrubber } from '@cf-audit-drain/event'
import { completedType } from './told-task.ts'

/** What is kept of a name that Cloud Controller shows: what the scrubber leaves of it, as of that in a create event. */
export function keptName(name: string, scrubber: Scrubber): string {
  const { text } = scrubber.scrub(completedType, JSON.stringify({ task_name: name }))
  return (JSON.parse(text) as { readonly task_name: string }).task_name
}
