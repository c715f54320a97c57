import type { Memberships } from './access.ts'
import { type Answer, v3JsonAnswer } from './answer.ts'
import { guidOf } from './guid-of.ts'
import { pagination } from './pagination.ts'
import { parseQuery } from './query-string.ts'

/** `/v3/roles?user_guids=<one's own>`: the roles that the memberships stand for; null when somebody else's are asked for. */
export function rolesOf(userGuid: string, memberships: Memberships, queryText: string): Answer | null {
  const query = parseQuery(queryText)
  if (query.get('user_guids') !== userGuid) return null
  const roles = [
    ...(memberships.spaces ?? []).map(guid => role('space_auditor', userGuid, { space: guid })),
    ...(memberships.supportedSpaces ?? []).map(guid => role('space_supporter', userGuid, { space: guid })),
    ...(memberships.organizations ?? []).map(guid =>
      role('organization_auditor', userGuid, { organization: guid }),
    ),
  ]
  const page = Number(query.get('page') ?? 1)
  const perPage = Number(query.get('per_page') ?? 50)
  const filters = new Map([['user_guids', userGuid]])
  const listing = { url: '/v3/roles', page, perPage, orderBy: '+created_at', filters }
  return v3JsonAnswer(200, {
    pagination: pagination(listing, roles.length),
    resources: roles.slice((page - 1) * perPage, page * perPage),
  })
}

function role(type: string, user: string, at: { readonly space?: string; readonly organization?: string }) {
  const related = (guid: string | undefined) => ({ data: guid === undefined ? null : { guid } })
  return {
    guid: guidOf(`${type} ${user} ${at.space} ${at.organization}`),
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    type,
    relationships: {
      user: related(user),
      organization: related(at.organization),
      space: related(at.space),
    },
  }
}
