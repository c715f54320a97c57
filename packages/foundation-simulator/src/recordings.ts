import { readFileSync } from 'node:fs'
import type { SimulatedRow } from './simulated-row.ts'

const folder = new URL('../recordings/', import.meta.url)

/** One recorded request and its answer. */
export interface RecordedExchange {
  readonly name: string
  /** Who asked: see recordings/README.md. */
  readonly as: string
  readonly request: { readonly method: string; readonly path: string }
  readonly response: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: unknown
  }
}

export function recordedExchange(name: string): RecordedExchange {
  return JSON.parse(readRecording(`exchanges/${name}.json`)) as RecordedExchange
}

/** 2,155 events of 130 types, byte for byte, in the order they were written. */
export function recordedEvents(): readonly SimulatedRow[] {
  const usernames = new Map(
    lines('events-v2.ndjson').map(line => {
      const { metadata, entity } = JSON.parse(line) as RecordedV2Event
      return [metadata.guid, entity.actor_username]
    }),
  )
  return spreadWithinSeconds(lines('events-v3.ndjson')).map(row => {
    const actorUsername = usernames.get((JSON.parse(row.text ?? '') as { guid: string }).guid)
    return actorUsername === undefined ? row : { ...row, actorUsername }
  })
}

interface RecordedV2Event {
  readonly metadata: { readonly guid: string }
  readonly entity: { readonly actor_username: string | null }
}

/** 11 events with secrets in `data`; every `LEAK-…` in them is one. */
export function eventsWithSecrets(): readonly SimulatedRow[] {
  return spreadWithinSeconds(lines('secrets-left-in-data.ndjson'))
}

/** 27 events with everything that breaks readers, byte for byte. */
export function unusualEvents(): readonly SimulatedRow[] {
  return spreadWithinSeconds(resourceTexts(readRecording('unusual-v3.json')))
}

/** All three, 2,193 rows. */
export function everyRecordedEvent(): readonly SimulatedRow[] {
  return [...recordedEvents(), ...eventsWithSecrets(), ...unusualEvents()]
}

/** When a row was stamped and when another reader first saw it. */
export interface VisibilityTrace {
  readonly guid: string
  readonly type: string
  readonly createdAtUs: number
  readonly visibleAtUs: number
}

/** 913 rows of six clients working at once. */
export function visibilityTrace(): readonly VisibilityTrace[] {
  return lines('visibility-trace.ndjson').map(line => {
    const row = JSON.parse(line) as { guid: string; type: string; created_at: string; visible_at: string }
    return {
      guid: row.guid,
      type: row.type,
      createdAtUs: microseconds(row.created_at),
      visibleAtUs: microseconds(row.visible_at),
    }
  })
}

function microseconds(stamp: string): number {
  const fraction = /\.(\d{1,6})/.exec(stamp)?.[1] ?? ''
  return Date.parse(`${stamp.slice(0, 19)}Z`) * 1000 + Number(fraction.padEnd(6, '0'))
}

function readRecording(name: string): string {
  return readFileSync(new URL(name, folder), 'utf8')
}

function lines(name: string): string[] {
  return readRecording(name)
    .split('\n')
    .filter(line => line !== '')
}

/** The recordings show whole seconds; within one, rows get microseconds in their order, as the database had them. */
function spreadWithinSeconds(texts: readonly string[]): SimulatedRow[] {
  const inSecond = new Map<string, number>()
  return texts.map(text => {
    const { created_at: createdAt } = JSON.parse(text) as { created_at: string }
    const before = inSecond.get(createdAt) ?? 0
    inSecond.set(createdAt, before + 1)
    return { text, createdAtUs: Date.parse(createdAt) * 1000 + 1000 * (before + 1) }
  })
}

/** Cuts the objects of `"resources":[…]` out of a page without re-typing them. */
function resourceTexts(page: string): string[] {
  const texts: string[] = []
  let [depth, start, inString] = [0, 0, false]
  for (let at = page.indexOf('"resources":[') + '"resources":['.length; at < page.length; at++) {
    const character = page[at]
    if (inString) {
      if (character === '\\') at++
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if (character === '{' && depth++ === 0) start = at
    else if (character === '}' && --depth === 0) texts.push(page.slice(start, at + 1))
    else if (character === ']' && depth === 0) break
  }
  return texts
}
