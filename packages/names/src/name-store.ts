import type { NameRecord } from '@cf-audit-drain/log'
import { type NameAnswer, type NameHistory, nameAt, recordName } from './name-history.ts'
import type { NameFact, NameKind } from './name-kind.ts'

interface Entry {
  readonly kind: NameKind
  readonly guid: string
  history: NameHistory
  /** What it belonged to, and when: guids in the place of names, '' for nothing. */
  parents: NameHistory
  deletedSec: number | null
  /** It was last seen with its name, by this process. */
  confirmedSec: number
}

/** Cloud Controller's own limit is 255 characters; what is far beyond it is no name to be remembered. */
const textMax = 1_000

/** Things remembered at once. About 400 bytes each. */
export const thingsMax = 200_000

/**
 * The names of everything that was met, with their time. Deleted things stay: their names are wanted longest. At `max` things
 * those that were not asked for since it was half full are forgotten, here and in the log.
 */
export class NameStore {
  readonly #half: number
  #recent = new Generation()
  #older = new Generation()
  readonly #changed = new Set<string>()

  constructor(max = thingsMax) {
    this.#half = Math.max(1, Math.floor(max / 2))
  }

  get size(): number {
    return this.#recent.size + this.#older.size
  }

  /** Takes in what is known; false when it is nothing new. */
  learn({ kind, guid, name, atSec, begins = false, isDeletion = false, parent }: NameFact): boolean {
    if (guid === '' || guid.length > textMax || (name?.length ?? 0) > textMax) return false
    const entry = this.#find(kind, guid) ?? this.#made(kind, guid)
    const history =
      name === null || name === '' ? entry.history : withName(entry.history, atSec, name, begins)
    const deletedSec = isDeletion ? (entry.deletedSec ?? atSec) : entry.deletedSec
    const parents = parent === undefined ? entry.parents : withName(entry.parents, atSec, parent ?? '', false)
    if (name !== null || parent !== undefined) entry.confirmedSec = Math.max(entry.confirmedSec, atSec)
    if (history === entry.history && deletedSec === entry.deletedSec && parents === entry.parents)
      return false
    entry.history = history
    entry.deletedSec = deletedSec
    entry.parents = parents
    this.#changed.add(keyOf(kind, guid))
    return true
  }

  nameAt(kind: NameKind, guid: string, sec: number): NameAnswer {
    const entry = this.#find(kind, guid)
    return entry === undefined ? 'unknown' : nameAt(entry.history, sec)
  }

  /** Undefined: not known; null: it had none. */
  parentOf(kind: NameKind, guid: string, sec: number): string | null | undefined {
    const answer = nameAt(this.#find(kind, guid)?.parents ?? [], sec)
    return typeof answer === 'string' ? undefined : answer.name || null
  }

  /** Known, not deleted, and not met since `sec`: it may have been renamed behind our back. */
  isStale(kind: NameKind, guid: string, sec: number): boolean {
    const entry = this.#find(kind, guid)
    return entry !== undefined && entry.deletedSec === null && entry.confirmedSec < sec
  }

  /** Cloud Controller does not show it any more. */
  gone(kind: NameKind, guid: string, atSec: number): void {
    if (this.#find(kind, guid) === undefined) return
    this.learn({ kind, guid, name: null, atSec, isDeletion: true })
  }

  /** What the log is to keep of what changed since it was asked last, at most `max` things. */
  takeChanges(max: number): readonly NameRecord[] {
    const records: NameRecord[] = []
    for (const key of this.#changed) {
      if (records.length >= max) break
      this.#changed.delete(key)
      const [kind, guid] = ofKey(key)
      const entry = this.#recent.get(kind, guid) ?? this.#older.get(kind, guid)
      records.push({ key, value: entry === undefined ? null : written(entry) })
    }
    return records
  }

  /** Takes in what the log kept. A record that is not understood is passed by. */
  restore({ key, value }: NameRecord): void {
    if (value === null) return
    const [kind, guid] = ofKey(key)
    const read = readWritten(value)
    if (guid === '' || read === null) return
    const entry = this.#find(kind, guid) ?? this.#made(kind, guid)
    entry.history = read.names.reduce(withWritten, entry.history)
    entry.parents = read.parents.reduce(withWritten, entry.parents)
    entry.deletedSec ??= read.deletedSec ?? null
  }

  #find(kind: NameKind, guid: string): Entry | undefined {
    const recent = this.#recent.get(kind, guid)
    if (recent !== undefined) return recent
    const older = this.#older.get(kind, guid)
    if (older === undefined) return undefined
    this.#older.delete(kind, guid)
    this.#keep(older)
    return older
  }

  #made(kind: NameKind, guid: string): Entry {
    const entry = { kind, guid, history: [], parents: [], deletedSec: null, confirmedSec: 0 }
    this.#keep(entry)
    return entry
  }

  #keep(entry: Entry): void {
    if (this.#recent.size >= this.#half) {
      for (const { kind, guid } of this.#older.entries()) this.#changed.add(keyOf(kind, guid))
      this.#older = this.#recent
      this.#recent = new Generation()
    }
    this.#recent.set(entry)
  }
}

/** Entries by kind and guid: a text made of both would be made, and hashed, several times for every event. */
class Generation {
  readonly #byKind = new Map<NameKind, Map<string, Entry>>()
  size = 0

  get(kind: NameKind, guid: string): Entry | undefined {
    return this.#byKind.get(kind)?.get(guid)
  }

  set(entry: Entry): void {
    const entries = this.#byKind.get(entry.kind) ?? new Map<string, Entry>()
    if (entries.size === 0) this.#byKind.set(entry.kind, entries)
    if (!entries.has(entry.guid)) this.size++
    entries.set(entry.guid, entry)
  }

  delete(kind: NameKind, guid: string): void {
    if (this.#byKind.get(kind)?.delete(guid)) this.size--
  }

  *entries(): Generator<Entry> {
    for (const entries of this.#byKind.values()) yield* entries.values()
  }
}

function keyOf(kind: NameKind, guid: string): string {
  return `${kind} ${guid}`
}

function ofKey(key: string): readonly [NameKind, string] {
  const at = key.indexOf(' ')
  return [key.slice(0, at) as NameKind, at < 0 ? '' : key.slice(at + 1)]
}

/** Nearly always the newest name is seen once more. */
function withName(history: NameHistory, sec: number, name: string, begins: boolean): NameHistory {
  const last = history.at(-1)
  if (last !== undefined && last.name === name && last.sec < sec) return history
  return recordName(history, { sec, name: name.toWellFormed(), begins })
}

/** `{"n":[[sec,name],[sec,name,1 when it began then]],"p":[[sec,parent]],"d":deleted at}` */
function written({ history, parents, deletedSec }: Entry): string {
  const points = (some: NameHistory) =>
    some.map(({ sec, name, begins }) => (begins ? [sec, name, 1] : [sec, name]))
  return JSON.stringify({
    n: points(history),
    ...(parents.length === 0 ? {} : { p: points(parents) }),
    ...(deletedSec === null ? {} : { d: deletedSec }),
  })
}

type WrittenName = readonly [sec: number, name: string, begins?: number]

interface Written {
  readonly names: readonly WrittenName[]
  readonly parents: readonly WrittenName[]
  readonly deletedSec: number | undefined
}

function readWritten(value: string): Written | null {
  try {
    const { n, p, d } = JSON.parse(value) as { n: unknown; p: unknown; d: unknown }
    if (!Array.isArray(n) || !n.every(isWrittenName)) return null
    return {
      names: n,
      parents: Array.isArray(p) && p.every(isWrittenName) ? p : [],
      deletedSec: typeof d === 'number' ? d : undefined,
    }
  } catch {
    return null
  }
}

function withWritten(history: NameHistory, [sec, name, begins]: WrittenName): NameHistory {
  return recordName(history, { sec, name, begins: begins === 1 })
}

function isWrittenName(point: unknown): point is WrittenName {
  return Array.isArray(point) && Number.isSafeInteger(point[0]) && typeof point[1] === 'string'
}
