import { type CefKey, cefLabel, type LabelledCefKey } from '@cf-audit-drain/cef'
import type { AuditEvent, EventType } from '@cf-audit-drain/event'
import { appHostname } from './syslog-header.ts'

/** What a row may draw on. */
export interface CefContext {
  readonly event: AuditEvent
  readonly type: EventType
  readonly outcome: EventType['outcome']
  /** One sentence. */
  readonly description: string
  /** `createdAt` in milliseconds since the epoch; NaN when it is no time. */
  readonly createdAtMs: number
  /** Host of the foundation's API, where it is configured. */
  readonly apiHost: string | undefined
}

export interface CefRow {
  readonly key: CefKey
  readonly label?: string
  readonly value: (context: CefContext) => string | number | null | undefined
  /** Whether people outside the operator's control can choose the text. All rows are escaped; this says who tries. */
  readonly chosenBy: 'us' | 'operator' | 'cloud controller' | 'users'
  readonly reason: string
  /** The same for every event of one type and outcome, so encoded once. */
  readonly perType: boolean
}

function row(key: CefKey, chosenBy: CefRow['chosenBy'], value: CefRow['value'], reason: string): CefRow {
  return { key, chosenBy, value, reason, perType: false }
}

function labelled(
  key: LabelledCefKey,
  label: string,
  chosenBy: CefRow['chosenBy'],
  value: CefRow['value'],
  reason: string,
): CefRow {
  return { ...row(key, chosenBy, value, reason), label }
}

function typeRow(
  r: Omit<CefRow, 'perType' | 'chosenBy' | 'value'>,
  value: (type: EventType, outcome: EventType['outcome']) => string | number,
): CefRow {
  return { ...r, chosenBy: 'us', perType: true, value: ({ type, outcome }) => value(type, outcome) }
}

/** Rows whose values come again and again: encoded once per value. */
export const repeatingKeys: ReadonlySet<CefKey> = new Set([
  'rt',
  'deviceExternalId',
  'dvchost',
  'suser',
  'suid',
  'destinationServiceName',
  'dhost',
  'cs1',
  'cs2',
  'cs3',
  'cs4',
  'cs6',
  'deviceCustomDate1',
])

/** In the order of the message. `rt` and `externalId` are what a message never goes without. */
export const cefRows: readonly CefRow[] = [
  row(
    'rt',
    'cloud controller',
    c => c.createdAtMs,
    'event time; milliseconds, because no two parsers agree on another form',
  ),
  typeRow({ key: 'act', reason: 'the verb, from the catalogue' }, type => type.action),
  typeRow(
    {
      key: 'outcome',
      reason: '`success`, `failure` or `unknown`: what an event of this type proves; of a task how it ended',
    },
    (_, outcome) => outcome,
  ),
  typeRow({ key: 'cat', reason: 'the category, from the catalogue' }, type => type.category),
  typeRow(
    {
      key: 'cn3',
      label: 'privileged_act',
      reason: '1 for an act that needs or gives special rights, else 0',
    },
    type => (type.privileged ? 1 : 0),
  ),
  row('externalId', 'cloud controller', c => c.event.guid, 'the identity: what a SIEM removes duplicates by'),
  row(
    'deviceExternalId',
    'operator',
    c => c.event.foundation,
    'which foundation: the guid is unique within it',
  ),
  row(
    'dvchost',
    'operator',
    c => c.apiHost,
    'the API the event came from; SC4S and Sentinel take it for the host',
  ),
  row(
    'suser',
    'users',
    c => c.event.names?.actor ?? c.event.actor?.name,
    'who acted: the user name, an e-mail, or the id of a client',
  ),
  row(
    'suid',
    'users',
    c => c.event.actor?.guid,
    "who acted; the same key Cloud Controller's own CEF request log uses",
  ),
  row(
    'duser',
    'users',
    c => c.event.names?.target ?? c.event.target?.name,
    'what was acted on, by the name its owner gave it; the URL of a route',
  ),
  row('duid', 'cloud controller', c => c.event.target?.guid, 'what was acted on'),
  labelled(
    'cs1',
    'organization_guid',
    'cloud controller',
    c => c.event.organizationGuid,
    'where: the organization',
  ),
  labelled('cs2', 'space_guid', 'cloud controller', c => c.event.spaceGuid, 'where: the space'),
  row(
    'dhost',
    'users',
    c => c.event.names && appHostname(c.event.names),
    "where, as `org.space.app`: the HOSTNAME of the app's log lines",
  ),
  row(
    'destinationServiceName',
    'users',
    c => placeOf(c.event),
    'where, as `org/space/app`, by the names of the time of the event',
  ),
  labelled(
    'cs3',
    'target_type',
    'cloud controller',
    c => c.event.target?.type,
    'what `duser` and `duid` are: seldom a user',
  ),
  labelled(
    'cs4',
    'actor_type',
    'cloud controller',
    c => c.event.names?.actorKind ?? c.event.actor?.type,
    'whether a user, a client, a process or a broker acted',
  ),
  labelled(
    'cs6',
    'provenance',
    'us',
    c => c.event.provenance,
    '`live`, `backfill`, `replay`: what an alert must look at first',
  ),
  row(
    'devicePayloadId',
    'us',
    c => c.event.crashId,
    'the same for the two events of one crash: count them once',
  ),
  labelled(
    'deviceCustomDate1',
    'collected_at',
    'us',
    c => c.event.receivedAtMs,
    'when this program first saw the event: minus `rt` it is how late the event was',
  ),
  labelled(
    'cn2',
    'scrubbed_values',
    'us',
    c => c.event.scrubbedPaths.length || null,
    'how many secrets in `data` were replaced by a fingerprint; left out when none',
  ),
  row(
    'requestContext',
    'users',
    c => contextOf(c.event),
    'what else the event speaks of, by name, and the names that could not be found, with the reason',
  ),
  row('msg', 'users', c => c.description, 'one sentence a person can read'),
]

/** The first to shrink; last in the message, so that whatever a receiver cuts off, it cuts off here. */
export const cefData: CefRow = labelled(
  'cs5',
  'data',
  'users',
  c => c.event.data,
  "the event's `data`, its own JSON text",
)

/** In front of the data when it was cut. */
export const cefDataCut: CefRow = labelled(
  'cn1',
  'data_truncated_from_bytes',
  'us',
  c => Buffer.byteLength(c.event.data),
  'only when `data` was cut or left out: how long it was',
)

function placeOf({ names }: AuditEvent): string | null {
  if (names === null) return null
  const parts = [names.organization, names.space, names.app]
  const last = parts.findLastIndex(part => part !== null)
  const known = parts.slice(0, last + 1).map(part => part ?? '')
  return last < 0 ? null : known.join('/')
}

/** `service_plan big, route shop.example.com; not found: space 5b3c… (absent)` */
function contextOf({ names }: AuditEvent): string | null {
  if (names === null) return null
  const related = names.related.map(({ kind, name }) => `${kind} ${name}`).join(', ')
  const missing = names.unresolved.map(({ kind, guid, reason }) => `${kind} ${guid} (${reason})`).join(', ')
  return [related, missing && `not found: ${missing}`].filter(text => text !== '').join('; ') || null
}

/** The constant text in front of a row's value. */
export function rowPrefix(r: CefRow): string {
  return r.label === undefined ? `${r.key}=` : cefLabel(r.key as LabelledCefKey, r.label)
}
