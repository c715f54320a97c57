import { type AuditEvent, catalogue, describeEvent, UndecodableEventError } from '@cf-audit-drain/event'
import type { EventLog, EventQuery, LogRecord } from '@cf-audit-drain/log'
import { systemClock } from '@cf-audit-drain/pipeline'
import { type EventArguments, UsageError } from './arguments.ts'
import { decodeRecord } from './decode-record.ts'
import { print, say } from './print.ts'

/** `cf-audit-drain events`: looks into the log, newest last, as `cf events` shows them, also while a poller writes. */
export async function printEvents(log: EventLog, wanted: EventArguments): Promise<void> {
  const query: EventQuery = {
    ...(wanted.foundation ? { foundation: wanted.foundation } : {}),
    ...(wanted.since ? { sinceSec: sinceSec(wanted.since, '--since') } : {}),
    newestFirst: true,
  }
  const found: AuditEvent[] = []
  let unreadable = 0
  for await (const record of log.events(query)) {
    const event = decode(record)
    if (!event) unreadable++
    else if (matches(event, wanted)) found.push(event)
    if (found.length >= wanted.limit) break
  }
  for (const event of found.reverse()) await print(wanted.json ? json(event) : readableEvent(event))
  if (unreadable > 0)
    say(`${unreadable} records could not be decoded: a newer version may have written them, or somebody else`)
  if (found.length === 0) say('no event in the log matches')
}

function decode(record: LogRecord): AuditEvent | null {
  try {
    return decodeRecord(record)
  } catch (error) {
    if (error instanceof UndecodableEventError) return null
    throw error
  }
}

export function matches(event: AuditEvent, wanted: EventArguments): boolean {
  const one = (asked: string | undefined, ...values: readonly (string | null | undefined)[]) =>
    asked === undefined || values.includes(asked)
  return (
    typeMatches(event.type, wanted.type) &&
    one(wanted.actor, event.actor?.name, event.actor?.guid, event.names?.actor) &&
    one(wanted.target, event.target?.name, event.target?.guid, event.names?.target) &&
    one(wanted.org, event.organizationGuid, event.names?.organization)
  )
}

/** `audit.app.*` matches every type that begins so; without a star the type is meant exactly. */
function typeMatches(type: string, asked: string | undefined): boolean {
  if (asked === undefined) return true
  return asked.endsWith('*') ? type.startsWith(asked.slice(0, -1)) : type === asked
}

const typeColumns = Math.max(...[...catalogue.keys()].map(({ length }) => length))

/** `2026-11-22T02:43:39Z  audit.app.create  bob@example.com  app billing-api  bob@example.com created app billing-api` */
export function readableEvent(event: AuditEvent): string {
  const actor = event.names?.actor || event.actor?.name || event.actor?.guid || '-'
  const called = event.names?.target || event.target?.name || event.target?.guid
  const target = event.target ? `${event.target.type} ${called}` : '-'
  return [
    event.createdAt,
    event.type.padEnd(typeColumns),
    oneLine(actor).padEnd(24),
    oneLine(target).padEnd(28),
    describeEvent(event),
  ]
    .join('  ')
    .trimEnd()
}

/** Names are other people's text: nothing in them may move the cursor or begin a line. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
}

/** One line; `data` as its own text, whose numbers may be too large to be parsed and printed again. */
function json(event: AuditEvent): string {
  const { data, ...head } = event
  return `${JSON.stringify(head).slice(0, -1)},"data":${data.replace(/[\r\n]+/g, ' ')}}`
}

const unitSec = { s: 1, m: 60, h: 3_600, d: 86_400 } as const

/** `2026-11-22T00:00:00Z`, `2026-11-22`, or a time back from the newest moment: `30m`, `24h`, `7d`. */
export function sinceSec(text: string, option: string, nowMs = systemClock.now()): number {
  const back = /^([0-9]+)([smhd])$/.exec(text)
  if (back) return Math.floor(nowMs / 1000) - Number(back[1]) * unitSec[back[2] as keyof typeof unitSec]
  const ms = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:]+Z)?$/.test(text) ? Date.parse(text) : Number.NaN
  // 2026-11-31 would be taken for 2026-12-01.
  const isThatDay = !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text.slice(0, 10))
  if (!isThatDay)
    throw new UsageError(
      `${option} is "${text}"; write a time (2026-11-22T00:00:00Z), a day (2026-11-22), or 24h`,
    )
  return Math.floor(ms / 1000)
}
