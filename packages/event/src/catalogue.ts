import { app } from './catalogue/app.ts'
import type { EventType } from './catalogue/event-type.ts'
import { own } from './catalogue/own.ts'
import { platform } from './catalogue/platform.ts'
import { process } from './catalogue/process.ts'
import { route } from './catalogue/route.ts'
import { secretRead } from './catalogue/secret-read.ts'
import { marketplace, serviceBinding, serviceInstance } from './catalogue/service.ts'
import { organization, quota, space } from './catalogue/space-and-organization.ts'
import { ssh } from './catalogue/ssh.ts'
import { userRole } from './catalogue/user-role.ts'

export type { EventType } from './catalogue/event-type.ts'

/** Every type of Cloud Controller v3.228.0 (`app/repositories/event_types.rb`): 138 audit events and 2 special ones; and our own. */
export const catalogue: ReadonlyMap<string, EventType> = new Map(
  [
    ...ssh,
    ...secretRead,
    ...userRole,
    ...organization,
    ...space,
    ...quota,
    ...app,
    ...process,
    ...route,
    ...serviceInstance,
    ...serviceBinding,
    ...marketplace,
    ...platform,
    ...own,
  ].map(entry => [entry.type, Object.freeze(entry)]),
)

/** What is known of `type`; for a type not in the catalogue an entry with `known: false`, never an error. */
export function eventType(type: string): EventType {
  return catalogue.get(type) ?? unknownType(type)
}

function unknownType(type: string): EventType {
  // Medium: it must neither ring by itself nor drown among the ordinary ones.
  return {
    type,
    category: 'unknown',
    description: '{actor} did something of a type not known here to {target}',
    action: 'unknown',
    severity: 5,
    outcome: 'unknown',
    privileged: false,
    known: false,
    v2Only: false,
  }
}
