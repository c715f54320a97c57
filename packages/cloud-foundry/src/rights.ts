import type { ApiVersion } from './audit-events-api.ts'
import { CloudFoundryError } from './errors.ts'
import { type Identity, identityText, leastScope, remedyOf } from './identity.ts'

/** What the identity may see. Cloud Controller answers 200 with fewer rows to a narrower scope, and nothing in it tells. */
export interface Rights {
  readonly identity: Identity
  /** Of the token, sorted. */
  readonly scopes: readonly string[]
  readonly sees: Sees
  /**
   * Of a subset: the roles that show events, as `space_auditor <guid of the space>`, sorted. Null where everything is seen, and where
   * Cloud Controller does not tell (no /v3/roles).
   */
  readonly roles: readonly string[] | null
  /** Why `roles` is not known now, of a subset; null where it is, and where it never will be. */
  readonly rolesFault: string | null
  /** The scope to add; null when everything is seen. */
  readonly missing: string | null
  /** What that means and what to do, for the operator. */
  readonly sentence: string
}

export type Sees = 'everything' | 'subset' | 'nothing'

/** The scopes that see every event (Cloud Controller's can_read_globally), the least powerful first. */
const globalScopes = [leastScope, 'cloud_controller.admin_read_only', 'cloud_controller.admin'] as const

/** What a token with these scopes sees, if Cloud Controller does not refuse it altogether. */
export function seesWith(scopes: readonly string[]): Sees {
  return globalScopes.some(scope => scopes.includes(scope)) ? 'everything' : 'subset'
}

/**
 * `permitted`: whether Cloud Controller answered 200 to a request for audit events with this token. `listed`: the roles, or why there
 * is no list of them.
 */
export function rightsOf(
  identity: Identity,
  scopes: readonly string[],
  permitted: boolean,
  listed: readonly string[] | CloudFoundryError | null,
  api: ApiVersion,
): Rights {
  const held = [...new Set(scopes)].sort()
  const global = globalScopes.filter(scope => held.includes(scope))
  const sees = permitted ? seesWith(held) : 'nothing'
  const missing = sees === 'everything' ? null : leastScope
  const found = sees === 'subset' ? listed : null
  const rolesFault = found instanceof CloudFoundryError ? found.message : null
  const roles = found instanceof CloudFoundryError ? null : found
  const common = { identity, scopes: held, sees, roles, rolesFault, missing }
  return { ...common, sentence: sentenceOf(common, global, api) }
}

function sentenceOf(rights: Omit<Rights, 'sentence'>, global: readonly string[], api: ApiVersion): string {
  const { identity, scopes, roles, rolesFault } = rights
  const who = identityText(identity)
  const list = scopes.length > 0 ? scopes.join(', ') : 'no scope at all'
  const remedy = `${remedyOf(identity, scopes)}, or use cloud_controller.admin_read_only, which Cloud Controller does not rate-limit as it does global_auditor`
  if (rights.sees === 'nothing') return `${who} sees no audit event: its token has ${list}; ${remedy}`
  if (rights.sees === 'subset') {
    const what =
      roles === null
        ? 'the spaces and organizations it has a role in'
        : `${counted(roles, 'space')} and ${counted(roles, 'organization')} it has a role in`
    const unshown = api === 'v2' ? ' (v2 shows nothing to space supporters)' : ''
    const unknown = rolesFault === null ? '' : ` (which could not be read now: ${rolesFault})`
    return `${who} sees only events of ${what}${unshown}${unknown}, and nothing in the answers tells which are left out: its token has ${list} but none of ${globalScopes.join(', ')}; ${remedy}`
  }
  if (global.includes('cloud_controller.admin'))
    return `${who} sees everything, and with cloud_controller.admin may also change everything: cloud_controller.global_auditor or cloud_controller.admin_read_only is enough`
  if (global.includes('cloud_controller.admin_read_only'))
    return `${who} sees everything (cloud_controller.admin_read_only)`
  return `${who} sees everything (cloud_controller.global_auditor); if Cloud Controller's rate limiter gets in the way, cloud_controller.admin_read_only is exempt from it`
}

function counted(roles: readonly string[], what: 'space' | 'organization'): string {
  const count = roles.filter(role => role.startsWith(what)).length
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
