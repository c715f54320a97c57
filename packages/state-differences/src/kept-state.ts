import type { Scrubber, StateKind } from '@cf-audit-drain/event'
import type { NameRecord } from '@cf-audit-drain/log'
import type { KeptObject, Span } from './observed.ts'
import { digest, isMembers } from './value.ts'

/** Of every key under which something is kept. */
export const keyPrefix = 'state '

const version = 1

/** The last whole reading of a kind, by which every object that is kept was looked at. */
export interface LastReading extends Span {
  /** Of the key and the policy that made the fingerprints: by others every secret would seem changed. */
  readonly seal: string
}

export function sealOf(scrubber: Scrubber): string {
  const { text } = scrubber.scrub('', '{"password":"the seal of state differences"}')
  return digest([version, scrubber.policyVersion, text])
}

export function objectRecord(kind: StateKind, object: KeptObject): NameRecord {
  return { key: objectKey(kind, object.key), value: JSON.stringify({ v: version, ...object }) }
}

export function forgotten(kind: StateKind, key: string): NameRecord {
  return { key: objectKey(kind, key), value: null }
}

export function readingRecord(kind: StateKind, reading: LastReading): NameRecord {
  return { key: readingKey(kind), value: JSON.stringify({ v: version, ...reading }) }
}

type Kept = Iterable<readonly [key: string, value: string]>

/** Null before the first whole reading, and for what is not understood. */
export function lastReading(kind: StateKind, kept: Kept): LastReading | null {
  for (const [key, value] of kept) {
    if (key !== readingKey(kind)) continue
    const { fromSec, toSec, seal } = parsed(value) ?? {}
    if (typeof fromSec === 'number' && typeof toSec === 'number' && typeof seal === 'string')
      return { fromSec, toSec, seal }
  }
  return null
}

/** By key. */
export function keptObjects(kind: StateKind, kept: Kept): ReadonlyMap<string, KeptObject> {
  const objects = new Map<string, KeptObject>()
  const start = objectKey(kind, '')
  for (const [key, value] of kept) {
    const object = key.startsWith(start) ? parsed(value) : null
    if (object !== null && isMembers(object['value']) && isMembers(object['target'])) {
      const { v: _, ...rest } = object
      objects.set(key.slice(start.length), rest as unknown as KeptObject)
    }
  }
  return objects
}

function objectKey(kind: StateKind, key: string): string {
  return `${keyPrefix}of ${kind} ${key}`
}

function readingKey(kind: StateKind): string {
  return `${keyPrefix}read ${kind}`
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isMembers(value) && value['v'] === version ? value : null
  } catch {
    return null
  }
}
