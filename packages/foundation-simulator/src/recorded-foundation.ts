import type { Memberships } from './access.ts'
import { type Foundation, type SimulatorOptions, startFoundation } from './foundation.ts'
import { recordedEvents, recordedExchange } from './recordings.ts'
import { type SimulatedRow, wholeSecond } from './simulated-row.ts'
import type { TokenClaims } from './token-issuer.ts'

/** Of the recorded events, those written before the exchanges were recorded (02:43 to 02:50). */
const eventsBefore = 1061
/** What Cloud Controller counted at two moments: in all exchanges, and in the two about the broken next link. */
export const totals = { usual: 2049, brokenLink: 3029 } as const

/** As the recorded role events left him: bob audits four organizations and develops in spaces of six others. */
const bobsOrganizations = [
  'f63d70e9-18d3-4601-adc7-8f1c91eeb0ad',
  '58b12e5a-1155-48ac-a70e-487368373c73',
  '393b7484-70be-49dc-b0fa-f3d959f250d7',
  '8856ed7e-475b-4134-98e2-4c943c020e5d',
] as const
const bobsSpaces = [
  'bfb7dfbd-9c21-4f8d-93dc-263f5a02a404',
  'ddd9941e-2d80-430e-a8ef-7f18678b695b',
  'd469ae3e-6c81-4524-a7ef-9cfef6c88529',
  '140e8aa1-eb58-441f-bf8b-92352ee241ea',
  'c31dd2dd-c8c8-4c17-bd2f-68cda46e4c06',
  'eaf81d0e-47c5-4b2a-8db6-23e74d1a09aa',
  '292f3789-77bf-4f1e-86ab-65ac3271daa0',
  '24b130df-f0a0-4484-b501-b03e53e59d97',
  '58929731-e1f0-44fc-a1dc-b6326d64f06b',
  'dff3ced4-97e4-4632-a6b0-c39575d192a3',
  '7cfbadfd-955d-4229-a5e7-11e708de80d6',
  '41836760-916b-4ead-9a45-7cc10836a383',
] as const
/** Carol had lost her other roles by then. */
const carolsOrganization = '8856ed7e-475b-4134-98e2-4c943c020e5d'
/** `events-types-filter` counted 36 SSH events, of which 22 are known, and `v2-events-type` 18 that were let in: 11. */
const moreLogins = { authorized: 7, unauthorized: 7 } as const
const bobsRest = 'b0b00000-0000-4000-8000-000000000000'
const nobodys = '0b0d0000-0000-4000-8000-000000000000'
const seenBy = { bob: 1613, carol: 197 } as const

const user = (number: number): string => `7b1c7c0a-2f5b-4d0e-9a3a-0d9a4a2f000${number}`
const memberships: Readonly<Record<string, Memberships>> = {
  [user(3)]: { organizations: [...bobsOrganizations, bobsRest], spaces: bobsSpaces },
  [user(4)]: { organizations: [carolsOrganization] },
}

/** The identities of the recordings (`as`), but for `none`, `garbage` and `wrong_key`, which have no token of ours. */
const identities: Readonly<Record<string, TokenClaims>> = {
  admin: { clientId: 'cf', userGuid: user(1), scopes: ['cloud_controller.admin', 'cloud_controller.read'] },
  alice: { clientId: 'cf', userGuid: user(2), scopes: ['cloud_controller.read'] },
  bob: { clientId: 'cf', userGuid: user(3), scopes: ['cloud_controller.read'] },
  carol: { clientId: 'cf', userGuid: user(4), scopes: ['cloud_controller.read'] },
  auditor: { clientId: 'cf', userGuid: user(6), scopes: ['cloud_controller.global_auditor'] },
  readonly: { clientId: 'cf', userGuid: user(7), scopes: ['cloud_controller.admin_read_only'] },
  client: { clientId: 'cf-audit-drain', scopes: ['cloud_controller.admin_read_only'] },
  client_global_auditor: { clientId: 'cf-audit-drain', scopes: ['cloud_controller.global_auditor'] },
  client_noscope: { clientId: 'cf-audit-drain', scopes: ['uaa.resource'] },
  expired: { clientId: 'cf', userGuid: user(6), scopes: ['cloud_controller.admin'], expiresInSec: -60 },
  wrong_audience: {
    clientId: 'cf',
    userGuid: user(6),
    scopes: ['cloud_controller.admin'],
    audience: ['uaa'],
  },
}

export function authorizationOf(foundation: Foundation, as: string): Record<string, string> {
  if (as === 'none') return {}
  if (as === 'garbage') return { authorization: 'bearer garbage' }
  if (as === 'wrong_key') {
    const token = foundation.token({ clientId: 'cf', scopes: ['cloud_controller.admin'] })
    return {
      authorization: `bearer ${token.slice(0, token.lastIndexOf('.'))}.c2lnbmVkIHdpdGggYW5vdGhlciBrZXk`,
    }
  }
  const claims = identities[as]
  if (claims === undefined) throw new Error(`no identity "${as}" in the recordings`)
  return { authorization: `bearer ${foundation.token(claims)}` }
}

/** A foundation as the recorded one was when its exchanges were recorded, as far as the recordings tell. */
export async function recordedFoundation(total: number, options: SimulatorOptions = {}): Promise<Foundation> {
  const foundation = await startFoundation({
    externalUrl: 'https://api.sys.example.com',
    externalUaaUrl: 'https://uaa.sys.example.com',
    externalLoginUrl: 'https://login.sys.example.com',
    memberships,
    ...options,
  })
  foundation.insert(recordedRows(total))
  return foundation
}

/**
 * The 1,061 events known, then stand-ins for those that nobody wrote down (updates of one organization, of which the
 * last nine are on recorded pages), shared out so that each identity sees as many as it did.
 */
function recordedRows(total: number): SimulatedRow[] {
  const before = recordedEvents().slice(0, eventsBefore)
  const last = recordedExchange('events-last-page').response.body as { resources: { created_at: string }[] }
  const lastRows = last.resources.map((event, at) => ({
    text: JSON.stringify(event),
    createdAtUs: Date.parse(event.created_at) * 1000 + at,
  }))
  const bob: ReadonlySet<string> = new Set([...bobsOrganizations, ...bobsSpaces])
  const bobSees = countIn(before, bob)
  const carolSees = countIn(before, new Set([carolsOrganization]))
  const forCarol = seenBy.carol - carolSees
  const forBob = seenBy.bob - bobSees - forCarol
  const rest = totals.usual - eventsBefore - lastRows.length - forCarol - forBob
  const startUs = Date.parse('2026-11-22T02:51:00Z') * 1000
  const standIns = [
    ...Array.from({ length: forCarol }, () => carolsOrganization),
    ...Array.from({ length: forBob }, () => bobsRest),
    ...Array.from({ length: rest }, () => nobodys),
  ].map((guid, at) => {
    const row = standIn(guid, startUs + at * 1_000_000)
    if (at < moreLogins.authorized) return { ...row, type: 'audit.app.ssh-authorized' }
    const isRefused = at < moreLogins.authorized + moreLogins.unauthorized
    return isRefused ? { ...row, type: 'audit.app.ssh-unauthorized' } : row
  })
  const afterUs = Date.parse('2026-11-22T03:10:00Z') * 1000
  const later = Array.from({ length: total - totals.usual }, (_, at) => standIn(nobodys, afterUs + at * 1e6))
  return [...before, ...standIns, ...lastRows, ...later]
}

/** Rows of which the space or the organization is among these. */
function countIn(rows: readonly SimulatedRow[], guids: ReadonlySet<string>): number {
  interface Place {
    readonly guid: string
  }
  return rows.filter(({ text = '' }) => {
    const { space, organization } = JSON.parse(text) as Record<'space' | 'organization', Place | null>
    return guids.has(space?.guid ?? '') || guids.has(organization?.guid ?? '')
  }).length
}

function standIn(organizationGuid: string, createdAtUs: number): SimulatedRow {
  return {
    type: 'audit.organization.update',
    target: { guid: organizationGuid, type: 'organization', name: `stand-in ${wholeSecond(createdAtUs)}` },
    organizationGuid,
    createdAtUs,
  }
}
