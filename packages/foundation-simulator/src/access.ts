import { errors } from './cloud-controller-error.ts'
import type { StoredRow } from './event-store.ts'
import type { Identity } from './token-issuer.ts'

/** Where a user without a global scope may read events. */
export interface Memberships {
  /** Guids of spaces where the user is auditor. */
  readonly spaces?: readonly string[]
  /** Guids of spaces where the user is supporter, which v2 knows nothing of. */
  readonly supportedSpaces?: readonly string[]
  /** Guids of organizations where the user is auditor. */
  readonly organizations?: readonly string[]
}

const globalScopes = [
  'cloud_controller.admin',
  'cloud_controller.admin_read_only',
  'cloud_controller.global_auditor',
]

/** Which rows an identity sees; null: all. Throws 403 without any reading scope. */
export function visibleRows(
  identity: Identity,
  memberships: Memberships | undefined,
): ((row: StoredRow) => boolean) | null {
  if (globalScopes.some(scope => identity.scopes.has(scope))) return null
  if (!identity.scopes.has('cloud_controller.read')) throw errors.notAuthorized()
  const spaces = new Set([...(memberships?.spaces ?? []), ...(memberships?.supportedSpaces ?? [])])
  const organizations = new Set(memberships?.organizations)
  return ({ spaceGuid, organizationGuid }) =>
    (spaceGuid !== null && spaces.has(spaceGuid)) ||
    (organizationGuid !== null && organizations.has(organizationGuid))
}

/** In v2 a token without any reading scope is refused in other words. */
export function v2VisibleRows(
  identity: Identity,
  memberships: Memberships | undefined,
): ((row: StoredRow) => boolean) | null {
  const readingScopes = [...globalScopes, 'cloud_controller.read']
  if (!readingScopes.some(scope => identity.scopes.has(scope))) throw errors.insufficientScope()
  return visibleRows(identity, { ...memberships, supportedSpaces: [] })
}

/** Who is a supporter and nothing else is refused by v2 before it is asked. */
export function isOnlySupporter({ scopes }: Identity, memberships: Memberships | undefined): boolean {
  const { supportedSpaces = [], spaces = [], organizations = [] } = memberships ?? {}
  const isGlobal = globalScopes.some(scope => scopes.has(scope))
  return !isGlobal && supportedSpaces.length > 0 && spaces.length + organizations.length === 0
}
