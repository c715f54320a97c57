import type { StateCollection, StateLookups } from '@cf-audit-drain/cloud-foundry'
import type { Scrubber, StateKind } from '@cf-audit-drain/event'
import type { Random } from '@cf-audit-drain/pipeline'
import {
  type Beside,
  guidsIn,
  type ListedCollection,
  objectOf,
  type Resource,
  related,
  textOf,
} from './object-of.ts'
import type { Observed, Value } from './observed.ts'
import { readListing, type Turn } from './read-listing.ts'
import { normal } from './value.ts'

export interface ReadDeps {
  readonly lookups: StateLookups
  readonly scrubber: Scrubber
  readonly random: Random
  /** Before each request; of those that are many, `count` says how many. */
  turn(signal: AbortSignal, count?: number): Promise<void>
}

/** Everything of one kind as it is now, by key; secrets are fingerprints already. */
export async function readKind(
  kind: StateKind,
  deps: ReadDeps,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Observed>> {
  const observed = await readers[kind](deps, signal)
  return new Map(observed.map(one => [one.key, { ...one, value: scrubbed(kind, one.value, deps.scrubber) }]))
}

type Reader = (deps: ReadDeps, signal: AbortSignal) => Promise<readonly Observed[]>

const readers: { readonly [kind in StateKind]: Reader } = {
  'security-group': listed('security_groups'),
  'feature-flag': listed('feature_flags'),
  role: listed('roles'),
  domain: listed('domains'),
  quota: listed('organization_quotas', 'space_quotas'),
  'environment-variable-group': async (deps, signal) =>
    [await environmentGroup('running', deps, signal), await environmentGroup('staging', deps, signal)].filter(
      group => group !== null,
    ),
  'isolation-segment': isolationSegments,
  'space-ssh': switches('spaces'),
  'app-ssh': switches('apps'),
}

function listed(...collections: readonly ListedCollection[]): Reader {
  return async ({ lookups, turn }, signal) => {
    const observed: Observed[] = []
    for (const collection of collections) {
      const { rows, ...beside } = await readListing(lookups, collection, onlyOne(turn), signal)
      for (const row of rows) {
        const one = objectOf(collection, row, beside)
        if (one !== null) observed.push(one)
      }
    }
    return observed
  }
}

async function environmentGroup(
  name: 'running' | 'staging',
  { lookups, turn }: ReadDeps,
  signal: AbortSignal,
): Promise<Observed | null> {
  await turn(signal)
  const group = await lookups.document(`/v3/environment_variable_groups/${name}`, signal)
  if (group === null) return null
  return {
    key: name,
    collection: null,
    target: { guid: name, type: 'environment_variable_group', name },
    spaceGuid: null,
    organizationGuid: null,
    updatedAt: textOf(group['updated_at']),
    // Under a member `env` the scrubber leaves no value in clear.
    value: { name, env: group['var'] },
  }
}

async function isolationSegments(deps: ReadDeps, signal: AbortSignal): Promise<readonly Observed[]> {
  const segments = await listed('isolation_segments')(deps, signal)
  const entitled: Observed[] = []
  for (const segment of segments) {
    await deps.turn(signal)
    const path = `/v3/isolation_segments/${segment.key}/relationships/organizations` as const
    const organizations = await deps.lookups.document(path, signal)
    if (organizations === null) continue
    entitled.push({
      ...segment,
      value: { ...segment.value, organizations: guidsIn(organizations['data']) },
    })
  }
  return entitled
}

/** In another order each time, so that a reading that is always broken off leaves none out for ever. */
function switches(collection: Extract<StateCollection, 'apps' | 'spaces'>): Reader {
  return async (deps, signal) => {
    const { lookups, turn, random } = deps
    const { rows, organizations } = await readListing(lookups, collection, onlyOne(turn), signal)
    const shuffled = rows
      .map(row => ({ row, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ row }) => row)
    const observed: Observed[] = []
    for (const row of shuffled) {
      const guid = textOf(row['guid'])
      if (guid === null) continue
      await turn(signal, shuffled.length)
      const ssh = await lookups.document(`/v3/${collection}/${guid}/features/ssh`, signal)
      if (ssh !== null) observed.push(switchOf(collection, row, { guid, organizations, ssh }))
    }
    return observed
  }
}

interface Switch extends Pick<Beside, 'organizations'> {
  readonly guid: string
  readonly ssh: Resource
}

function switchOf(
  collection: 'apps' | 'spaces',
  row: Resource,
  { guid, organizations, ssh }: Switch,
): Observed {
  const space = collection === 'spaces' ? guid : textOf(related(row, 'space'))
  return {
    key: guid,
    collection,
    target: { guid, type: collection.slice(0, -1), name: textOf(row['name']) ?? '' },
    spaceGuid: space,
    organizationGuid: textOf(related(row, 'organization')) ?? organizations.get(space ?? '') ?? null,
    updatedAt: null,
    value: { enabled: ssh['enabled'] },
  }
}

function scrubbed(kind: StateKind, value: Value, scrubber: Scrubber): Value {
  const { text } = scrubber.scrub(`cf-audit-drain.state.${kind}`, JSON.stringify(normal(value)))
  return JSON.parse(text)
}

function onlyOne(turn: ReadDeps['turn']): Turn {
  return signal => turn(signal)
}
