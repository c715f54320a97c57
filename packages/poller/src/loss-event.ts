import { decodeAuditEvent, type OwnEvent, UndecodableEventError } from '@cf-audit-drain/event'
import { digestOf, isoSec, type LedgerWindow } from '@cf-audit-drain/log'
import type { HeldRow } from './held-rows.ts'
import type { LossKind } from './told-losses.ts'

/** What is told with every loss. */
export interface LossContext {
  /** Cloud Controller's clock. */
  readonly nowSec: number
  /** When it was first missed, in our clock. */
  readonly missedMs: number
  readonly retentionSec: number
}

export function typeOfLoss(kind: LossKind): string {
  return `cf-audit-drain.source.${kind}`
}

/** One event that Cloud Controller no longer shows: what it was, as far as the log still has it. */
export function missingEvent(held: HeldRow, window: LedgerWindow, context: LossContext): OwnEvent {
  const lost = described(held)
  const name = lost.type === null ? held.guid : `${lost.type} ${held.guid}`
  return {
    type: typeOfLoss('event-missing'),
    subject: [held.guid],
    createdAtSec: context.nowSec,
    target: { guid: held.guid, type: 'audit_event', name },
    data: { lost, window: windowData(window), ...contextData(context) },
    spaceGuid: lost.space_guid,
    organizationGuid: lost.organization_guid,
  }
}

/** Many events that are lost at once, in the order of time. */
export interface WholesaleLoss {
  readonly kind: Exclude<LossKind, 'event-missing'>
  readonly foundation: string
  /** Second of the first and of the last lost event, as far as that is known; else the ends of their windows. */
  readonly fromSec: number
  readonly toSec: number
  readonly count: number
  readonly windows: readonly LedgerWindow[]
  /** Of the events of the first and the last window. */
  readonly first: HeldRow | null
  readonly last: HeldRow | null
  /** The oldest that is there after them. */
  readonly next: { readonly guid: string; readonly sec: number } | null
  /** The window before them that is still there. */
  readonly before: LedgerWindow | null
  /** How many events Cloud Controller counts between the first and the last. */
  readonly counted: number
}

const windowsMax = 100

export function wholesaleEvent(loss: WholesaleLoss, context: LossContext): OwnEvent {
  const { kind, fromSec, toSec, count, windows, first, last, next, before } = loss
  const [from, to] = [isoSec(fromSec), isoSec(toSec)]
  return {
    type: typeOfLoss(kind),
    subject: [from],
    createdAtSec: context.nowSec,
    target: {
      guid: loss.foundation,
      type: 'audit_events',
      name: `${count} events, ${from} to ${to}`,
    },
    data: {
      from,
      to,
      count,
      counted_now: loss.counted,
      first_lost: first === null ? null : described(first),
      last_lost: last === null ? null : described(last),
      last_window_there_before: before === null ? null : windowData(before),
      first_there_after: next === null ? null : { guid: next.guid, created_at: isoSec(next.sec) },
      windows_lost: windows.length,
      windows: windows.slice(0, windowsMax).map(windowData),
      windows_sha256: digestOf(windows.map(({ fromSec, digest }) => `${fromSec} ${digest}`)),
      ...contextData(context),
    },
  }
}

function contextData({ missedMs, retentionSec }: LossContext) {
  return { first_missed_at: new Date(missedMs).toISOString(), clean_up_keeps_days: retentionSec / 86_400 }
}

function windowData({ fromSec, toSec, held, gone, digest }: LedgerWindow) {
  return { from: isoSec(fromSec), to: isoSec(toSec), held, gone, guids_sha256: digest }
}

/** With nulls where the log no longer has it, has it as a dead letter alone, or only a newer version could read it. */
function described({ guid, createdAtSec, receivedAtMs, bytes, deadLetter }: HeldRow) {
  const event = bytes === null ? null : decoded(bytes)
  return {
    guid,
    type: event?.type ?? deadLetter?.type ?? null,
    created_at: isoSec(createdAtSec),
    received_at: new Date(receivedAtMs).toISOString(),
    actor: event?.actor ?? null,
    target: event?.target ?? null,
    space_guid: event?.spaceGuid ?? null,
    organization_guid: event?.organizationGuid ?? null,
    ...(deadLetter && { dead_letter: deadLetter.reason }),
  }
}

function decoded(bytes: Uint8Array) {
  try {
    return decodeAuditEvent(bytes)
  } catch (error) {
    if (error instanceof UndecodableEventError) return null
    throw error
  }
}
