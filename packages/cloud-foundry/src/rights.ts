/** What the client may see. Cloud Controller answers 200 with fewer rows to a narrower scope, and nothing in it tells. */
export interface Rights {
  readonly clientId: string
  /** Of the token, sorted. */
  readonly scopes: readonly string[]
  readonly sees: 'everything' | 'subset' | 'nothing'
  /** The scope to add; null when everything is seen. */
  readonly missing: string | null
  /** What that means and what to do, for the operator. */
  readonly sentence: string
}

/** The scopes that see every event (Cloud Controller's can_read_globally), the least powerful first. */
const globalScopes = [
  'cloud_controller.global_auditor',
  'cloud_controller.admin_read_only',
  'cloud_controller.admin',
] as const

const leastScope = globalScopes[0]

/** `permitted`: whether Cloud Controller answered 200 to a request for audit events with this token. */
export function rightsOf(clientId: string, scopes: readonly string[], permitted: boolean): Rights {
  const held = [...new Set(scopes)].sort()
  const has = (scope: string) => held.includes(scope)
  const global = globalScopes.filter(has)
  const sees = !permitted ? 'nothing' : global.length > 0 ? 'everything' : 'subset'
  const common = { clientId, scopes: held, sees, missing: sees === 'everything' ? null : leastScope } as const
  return { ...common, sentence: sentenceOf(common, global) }
}

function sentenceOf(rights: Omit<Rights, 'sentence'>, global: readonly string[]): string {
  const { clientId, scopes } = rights
  const list = scopes.length > 0 ? scopes.join(', ') : 'no scope at all'
  const authorities = [...scopes.filter(scope => scope !== 'uaa.none'), leastScope].join(',')
  const remedy = `run \`uaac client update ${clientId} --authorities ${authorities}\`, or use cloud_controller.admin_read_only, which Cloud Controller does not rate-limit as it does global_auditor`
  if (rights.sees === 'nothing')
    return `client "${clientId}" sees no audit event: its token has ${list}; ${remedy}`
  if (rights.sees === 'subset')
    return `client "${clientId}" sees only events of the spaces and organizations it has a role in, and nothing in the answers tells which are left out: its token has ${list} but none of ${globalScopes.join(', ')}; ${remedy}`
  if (global.includes('cloud_controller.admin'))
    return `client "${clientId}" sees everything, and with cloud_controller.admin may also change everything: cloud_controller.global_auditor or cloud_controller.admin_read_only is enough`
  if (global.includes('cloud_controller.admin_read_only'))
    return `client "${clientId}" sees everything (cloud_controller.admin_read_only)`
  return `client "${clientId}" sees everything (cloud_controller.global_auditor); if Cloud Controller's rate limiter gets in the way, cloud_controller.admin_read_only is exempt from it`
}
