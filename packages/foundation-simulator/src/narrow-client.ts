import type { Memberships } from './access.ts'
import type { SimulatedClient } from './uaa.ts'
import type { World } from './world.ts'

/** How the recordings have each: `access-carol`, `access-alice`, `access-client-noscope`. */
const scopesOf = {
  organization: ['cloud_controller.read'],
  nothing: ['cloud_controller.read'],
  refused: ['uaa.resource'],
} as const

/** Of the recorded events: what carol audits. */
const recordedOrganization = '8856ed7e-475b-4134-98e2-4c943c020e5d'

export interface NarrowClient {
  readonly client: SimulatedClient
  readonly memberships: Readonly<Record<string, Memberships>>
  /** Before the first request: the organization of the busiest space. */
  mayRead(world: World): void
}

/** A client whose token sees less than everything, for `--narrow-client`. */
export function narrowClient(sees: string): NarrowClient {
  if (!isKnown(sees))
    throw new Error(
      `--narrow-client is "${sees}"; it can be ${Object.keys(scopesOf).join(', ')}: what the client sees`,
    )
  const client = { id: 'narrow-client', secret: 'another-secret-of-the-simulator', scopes: scopesOf[sees] }
  const organizations: string[] = sees === 'organization' ? [recordedOrganization] : []
  return {
    client,
    memberships: { [client.id]: { organizations } },
    mayRead({ spaces: [busiest] }) {
      if (sees === 'organization' && busiest) organizations.push(busiest.organization.guid)
    },
  }
}

function isKnown(sees: string): sees is keyof typeof scopesOf {
  return Object.hasOwn(scopesOf, sees)
}
