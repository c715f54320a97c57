import type { AuditEvent } from './audit-event.ts'
import { dataOf } from './data-of.ts'

const ofStates = 'cf-audit-drain.state.'
const verb = / changed(?=$|[ ,])/

/** The catalogue's sentence about a difference, with what became of the thing: it may also be new, or gone. */
export function describeChange(event: AuditEvent, description: string): string {
  if (!event.type.startsWith(ofStates) || !verb.test(description)) return description
  const { change } = dataOf(event)
  return change === 'created' || change === 'deleted' ? description.replace(verb, ` ${change}`) : description
}
