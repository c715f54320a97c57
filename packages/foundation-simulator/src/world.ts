import type { Random } from '@cf-audit-drain/pipeline'
import { randomGuid } from './random-guid.ts'

export interface Named {
  readonly guid: string
  readonly name: string
}
export interface Space extends Named {
  readonly organization: Named
  readonly apps: readonly Named[]
}

/** Who and what a generated foundation is made of. */
export interface World {
  readonly users: readonly Named[]
  /** The busier ones first. */
  readonly spaces: readonly Space[]
}

const teams = [
  'payments',
  'orders',
  'search',
  'billing',
  'identity',
  'logistics',
  'catalog',
  'risk',
  'loyalty',
]
const stages = ['prod', 'staging', 'dev']
const parts = [
  'api',
  'worker',
  'web',
  'gateway',
  'scheduler',
  'ledger',
  'importer',
  'mailer',
  'cache',
  'admin',
]
const people =
  'alice bob carol dave erin frank grace heidi ivan judy mallory niaj olivia peggy rupert sybil trent victor wendy'

export function makeWorld(random: Random, users = 120): World {
  const first = people.split(' ')
  const named = (name: string): Named => ({ guid: randomGuid(random), name })
  const spaces = teams.flatMap(team => {
    const organization = named(`${team}-team`)
    return stages.map(stage => ({
      ...named(stage),
      organization,
      apps: parts
        .slice(0, 3 + Math.floor(random() * (parts.length - 3)))
        .map(part => named(`${team}-${part}`)),
    }))
  })
  return {
    users: Array.from({ length: users }, (_, at) => {
      const round = Math.floor(at / first.length)
      return named(`${first[at % first.length]}${round === 0 ? '' : round}@example.com`)
    }),
    spaces: shuffled(spaces, random),
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map(item => ({ item, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item)
}

/** Small indexes far more often than large ones: a few spaces and people do most of the work. */
export function pick<T>(items: readonly T[], random: Random): T {
  const item = items[Math.floor(random() ** 2 * items.length)]
  if (item === undefined) throw new Error('simulator: nothing to pick from')
  return item
}
