import type { AuditEvent } from '../audit-event.ts'
import { ownActor } from '../own-event.ts'

/** An event of our own about a task of app `billing`. */
export function eventAboutTask(type: string, data: string): AuditEvent {
  return {
    foundation: 'f',
    guid: 'g',
    type,
    createdAt: '2026-11-22T03:28:23Z',
    actor: ownActor,
    target: { guid: 'a1', type: 'app', name: 'billing' },
    spaceGuid: null,
    organizationGuid: null,
    data,
    scrubPolicy: 3,
    scrubbedPaths: [],
    crashId: null,
    provenance: 'live',
    receivedAtMs: 1,
    names: null,
  }
}
