import type { ApiVersion } from './audit-events-api.ts'
import { isObject, parsedObject } from './parsed-object.ts'

/** Roles whose events a user is shown; a manager is shown none (Permissions#readable_event_dataset). v2 is older than supporters. */
const showing: Readonly<Record<ApiVersion, RegExp>> = {
  v3: /^(?:space_(?:auditor|developer|supporter)|organization_auditor)$/,
  v2: /^(?:space_(?:auditor|developer)|organization_auditor)$/,
}

export function ownRolesPath(userGuid: string, page: number): string {
  return `/v3/roles?${new URLSearchParams({ user_guids: userGuid, per_page: '5000', page: String(page) })}`
}

export interface RolesPage {
  readonly total: number
  /** Of the page, also those that show no events. */
  readonly count: number
  /** `space_auditor <guid>`, of those that show events by this API. */
  readonly roles: readonly string[]
}

/** Null: the text is no page of roles. */
export function rolesPageOf(text: string, api: ApiVersion): RolesPage | null {
  const page = parsedObject(text)
  const { pagination, resources } = page ?? {}
  const total = isObject(pagination) ? pagination['total_results'] : undefined
  if (typeof total !== 'number' || !Array.isArray(resources)) return null
  return {
    total,
    count: resources.length,
    roles: resources.flatMap(resource => roleText(resource, showing[api])),
  }
}

function roleText(resource: unknown, showing: RegExp): string[] {
  if (!isObject(resource) || typeof resource['type'] !== 'string' || !showing.test(resource['type']))
    return []
  const { type, relationships } = resource
  const place = type.startsWith('space_') ? 'space' : 'organization'
  const related = isObject(relationships) ? relationships[place] : null
  const data = isObject(related) ? related['data'] : null
  return isObject(data) ? [`${type} ${String(data['guid'])}`] : []
}
