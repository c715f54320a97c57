import {
  type AuditEvent,
  type EventType,
  eventType,
  isOwnType,
  ownActor,
  targetsProcess,
} from '@cf-audit-drain/event'
import { boundedCache } from './bounded-cache.ts'
import { type CefMessageOptions, cefMessage } from './cef-message.ts'
import { jsonMessage } from './json-message.ts'
import {
  appHostname,
  headerTime,
  headerToken,
  hostname,
  messageId,
  nilValue,
  sdParam,
  syslogSeverity,
} from './syslog-header.ts'

export interface CodecOptions extends CefMessageOptions {
  /** Default `cef`. */
  readonly format?: 'cef' | 'json'
  /** 0 to 23; default 13, log audit. */
  readonly facility?: number
  /** Longest message in bytes, without the frame; at least 480 (RFC 5424 §6.1), default 8,000 (rsyslog splits at 8,096). */
  readonly maxMessageBytes?: number
}

export interface SyslogCodec {
  /** One message, without frame and without any line end; never longer than `maxMessageBytes`. */
  encode(event: AuditEvent): string
}

/** What is the same for every event of one type. */
interface TypeParts {
  readonly type: EventType
  readonly start: string
  readonly messageId: string
  readonly origin: string
}

export const minMessageBytes = 480
export const defaultMaxMessageBytes = 8_000

/** What made an event: Cloud Controller or, of an event of our own, this program. */
function originOf(type: string): string {
  return isOwnType(type) ? ownActor.name : 'cloud_controller'
}

/**
 * ```
 * <PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID [tags@47450 app_id="…" …] MSG                     RFC 5424 §6
 *  PRI       facility * 8 + severity            HOSTNAME  org.space.app, else the foundation
 *  TIMESTAMP the event's, not the sending's     APP-NAME  guid of the app, else the component that made it
 *  PROCID    [AUDIT/0]                          MSGID     the event type
 *  MSG       CEF:0|… or one line of JSON; no byte order mark
 * ```
 * The shape of loggregator's drains, so that an app's log lines and audit events meet under one APP-NAME.
 */
export function syslogCodec(options: CodecOptions): SyslogCodec {
  const facility = wholeNumber('facility', options.facility ?? 13, 0, 23)
  const max = wholeNumber(
    'maxMessageBytes',
    options.maxMessageBytes ?? defaultMaxMessageBytes,
    minMessageBytes,
    1 << 20,
  )
  const typeParts = boundedCache<TypeParts>(1_000, name => {
    const type = eventType(name)
    return {
      type,
      start: `<${facility * 8 + syslogSeverity(type.severity)}>1 `,
      messageId: messageId(name),
      origin: originOf(name),
    }
  })
  const host = boundedCache(1_000, hostname)
  const hostOf = (event: AuditEvent) => (event.names && appHostname(event.names)) ?? host(event.foundation)
  const tags = structuredData()
  const instant = boundedCache(1_000, createdAt => ({
    time: headerTime(createdAt),
    ms: Date.parse(createdAt),
  }))
  const message = options.format === 'json' ? jsonMessage(max) : cefMessage(options, max)

  return {
    encode(event) {
      const { type, start, messageId: id, origin } = typeParts(event.type)
      const { time, ms } = instant(event.createdAt)
      const app = appGuidOf(event)
      const rest = `${app === null ? origin : headerToken(app, 48)} [AUDIT/0] ${id} `
      return message(event, type, ms, form =>
        form === 'bare'
          ? `${start}${time} ${host(event.foundation)} ${rest}${nilValue} `
          : `${start}${time} ${hostOf(event)} ${rest}${tags(event, origin)} `,
      )
    },
  }
}

/** Loggregator's keys and ours in one element, sorted by key as loggregator sorts them. */
function structuredData(): (event: AuditEvent, origin: string) => string {
  const foundation = boundedCache(1_000, name => sdParam('foundation', name))
  const organization = boundedCache(1_000, guid => `${sdParam('organization_id', guid)} `)
  const space = boundedCache(1_000, guid => ` ${sdParam('space_id', guid)}`)
  const named = (key: string) => boundedCache(1_000, name => sdParam(key, name))
  const [appName, organizationName, spaceName] = ['app_name', 'organization_name', 'space_name'].map(named)
  return (event, origin) => {
    const { spaceGuid, organizationGuid, names } = event
    const appGuid = appGuidOf(event)
    let tags = `[tags@47450 ${appGuid === null ? '' : `${sdParam('app_id', appGuid)} `}`
    if (names?.app && appName) tags += `${appName(names.app)} `
    tags += `${sdParam('event_guid', event.guid)} ${foundation(event.foundation)} `
    if (names && names.unresolved.length > 0) tags += 'names="partial" '
    if (organizationGuid) tags += organization(organizationGuid)
    if (names?.organization && organizationName) tags += `${organizationName(names.organization)} `
    tags += `origin="${origin}" ${processTag(event)}provenance="${event.provenance}" source_type="AUDIT"`
    if (spaceGuid) tags += space(spaceGuid)
    if (names?.space && spaceName) tags += ` ${spaceName(names.space)}`
    return `${tags}]`
  }
}

/** Of an event about a process the app of that process; null where that is not known. */
function appGuidOf({ type, names, target }: AuditEvent): string | null {
  if (names?.appGuid) return names.appGuid
  return target?.type === 'app' && !targetsProcess(type) ? target.guid : null
}

function processTag({ type, target }: AuditEvent): string {
  return target !== null && targetsProcess(type) ? `${sdParam('process_id', target.guid)} ` : ''
}

function wholeNumber(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new RangeError(`${name} is ${value}; it must be a whole number from ${min} to ${max}`)
}
