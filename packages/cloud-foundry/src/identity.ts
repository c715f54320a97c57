/** Who asks, as messages name it; nothing of it is secret. */
export interface Identity {
  readonly kind: 'client' | 'user'
  /** Id of the client, name of the user; of a user who is known by a refresh token only: null, until there is a token. */
  readonly name: string | null
  /** The UAA client that the token is issued to: of a user the one that logs in for them. */
  readonly clientId: string
  /** How it gets its tokens. */
  readonly grant: 'client-credentials' | 'password' | 'refresh-token'
}

/** The scope that sees every event and nothing else. */
export const leastScope = 'cloud_controller.global_auditor'

export function identityText({ kind, name, clientId }: Identity): string {
  return name === null ? `the user whose refresh token client "${clientId}" has` : `${kind} "${name}"`
}

export function neededBy(identity: Identity): string {
  if (identity.kind === 'client') return `The client "${identity.clientId}" needs the authority ${leastScope}`
  return `The client "${identity.clientId}" must be allowed the scope cloud_controller.read at least`
}

/** What gives it the right to see everything. `scopes`: those it has. */
export function remedyOf(identity: Identity, scopes: readonly string[]): string {
  if (identity.kind === 'client') {
    const authorities = [...scopes.filter(scope => scope !== 'uaa.none'), leastScope].join(',')
    return `run \`uaac client update ${identity.clientId} --authorities ${authorities}\``
  }
  const user = identity.name ?? 'USER'
  return `run \`uaac member add ${leastScope} ${user}\` (client "${identity.clientId}" must be allowed that scope, as cf is), or, without admin rights, \`cf set-space-role ${user} ORG SPACE SpaceAuditor\` for each space`
}
