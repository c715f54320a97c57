import type { AuditEvent } from '@cf-audit-drain/event'
import { type Finding, subjectOf } from './finding.ts'
import { isMembers } from './value.ts'

/** Whether an audit event tells of a role that came or went. */
export function explainsRole(event: AuditEvent, finding: Finding): boolean {
  const { value: role, organizationGuid } = subjectOf(finding)
  const isAdded = finding.after !== null
  if (isItsOwn(event, role, isAdded) || isListed(event, role, isAdded)) return true
  return isAdded ? isOfCreator(event, role) : goesWithAnother(event, role, organizationGuid)
}

type Role = ReturnType<typeof subjectOf>['value']

/** Cloud Controller writes `_add` before it makes the role: alone it proves none, here the role is there. */
function isItsOwn(event: AuditEvent, { type, user, space, organization }: Role, isAdded: boolean): boolean {
  const { target, spaceGuid, organizationGuid } = event
  return (
    event.type === `audit.user.${type}_${isAdded ? 'add' : 'remove'}` &&
    target?.guid === user &&
    (space === undefined || spaceGuid === space) &&
    (organization === undefined || organizationGuid === organization)
  )
}

/** What whoever makes an organization and is no admin gets with it; no event tells of that. */
const ofCreator: ReadonlySet<unknown> = new Set(['organization_user', 'organization_manager'])

function isOfCreator({ type, actor, ...event }: AuditEvent, role: Role): boolean {
  return (
    type === 'audit.organization.create' &&
    ofCreator.has(role['type']) &&
    isOf(event, role['organization']) &&
    actor?.guid === role['user']
  )
}

/** By /v2 an organization or a space is made, or changed, with its users: whoever is not in a list is none of them any more. */
const listed: ReadonlyMap<unknown, string> = new Map([
  ['organization_user', 'user_guids'],
  ['organization_manager', 'manager_guids'],
  ['organization_billing_manager', 'billing_manager_guids'],
  ['organization_auditor', 'auditor_guids'],
  ['space_manager', 'manager_guids'],
  ['space_developer', 'developer_guids'],
  ['space_auditor', 'auditor_guids'],
])
const settingType = /^audit\.(organization|space)\.(create|update)$/

function isListed(event: AuditEvent, role: Role, isAdded: boolean): boolean {
  const place = settingType.exec(event.type)?.[1]
  if (place === undefined || !String(role['type']).startsWith(`${place}_`)) return false
  if (!isOf(event, role[place])) return false
  const list = requestOf(event)[listed.get(role['type']) ?? '']
  if (!Array.isArray(list)) return false
  const isIn = list.includes(role['user'])
  return isAdded ? isIn : !isIn && event.type.endsWith('.update')
}

function requestOf({ data }: AuditEvent): Readonly<Record<string, unknown>> {
  try {
    const { request } = JSON.parse(data) as { readonly request?: unknown }
    return isMembers(request) ? request : {}
  } catch {
    return {}
  }
}

/**
 * Roles go with the space or organization they are in. Those in spaces go, too, when their user is taken out of the organization: /v2 does both
 * (`recursive=true`), and writes of the one only; without it Cloud Controller takes nobody out who has roles in spaces.
 * `organization`: that it is in, or its space.
 */
function goesWithAnother(event: AuditEvent, { space, user }: Role, organization: string | null): boolean {
  switch (event.type) {
    case 'audit.space.delete-request':
      return space !== undefined && (event.target?.guid === space || event.spaceGuid === space)
    case 'audit.organization.delete-request':
      return isOf(event, organization)
    case 'audit.user.organization_user_remove':
      return space !== undefined && event.target?.guid === user && isOf(event, organization)
    default:
      return false
  }
}

/** About this organization or space. */
function isOf({ target, organizationGuid }: Pick<AuditEvent, 'target' | 'organizationGuid'>, guid: unknown) {
  return typeof guid === 'string' && (target?.guid === guid || organizationGuid === guid)
}
