import type { NameRecord } from '@cf-audit-drain/log'
import { type FollowedTask, recordKey, recordOf, taskOf } from './followed-task.ts'

/** Tasks followed at once. About 1 kB each. */
export const followedMax = 50_000

/** The time of the last sight is kept when it has moved by so much: every look would be a write. */
const keptEverySec = 3_600

interface Entry {
  task: FollowedTask
  /** By the monotonic clock. */
  dueMs: number
  /** Since when it is missing in whole answers; null while it is shown. */
  missing: { readonly sinceSec: number; readonly sinceMs: number } | null
  /** How often its command was asked for in vain. */
  commandFailures: number
}

export type TrackedTask = Readonly<Entry>

/** The tasks that are followed, when each is to be looked at, and what of it the log is to keep. */
export class TaskStore {
  readonly #max: number
  readonly #entries = new Map<string, Entry>()
  readonly #changed = new Set<string>()
  readonly #keptSeenSec = new Map<string, number>()

  constructor(max = followedMax) {
    this.#max = max
  }

  get size(): number {
    return this.#entries.size
  }

  get(guid: string): TrackedTask | undefined {
    return this.#entries.get(guid)
  }

  /** What the log has kept. One that is not understood is passed by. */
  restore(key: string, value: string, dueMs: number): void {
    const task = taskOf(key, value)
    if (task !== null) this.#entries.set(task.guid, fresh(task, dueMs))
  }

  /** False when there are too many. */
  follow(task: FollowedTask, dueMs: number): boolean {
    if (this.#entries.has(task.guid)) return true
    if (this.#entries.size >= this.#max) return false
    this.#entries.set(task.guid, fresh(task, dueMs))
    this.#changed.add(task.guid)
    return true
  }

  change(guid: string, change: Partial<Pick<FollowedTask, 'canceled' | 'command' | 'name'>>): void {
    const entry = this.#entries.get(guid)
    if (entry === undefined) return
    entry.task = { ...entry.task, ...change }
    this.#changed.add(guid)
  }

  /** Cloud Controller shows it. */
  seen(guid: string, state: string, atSec: number): void {
    const entry = this.#entries.get(guid)
    if (entry === undefined) return
    const before = entry.task.seen
    entry.task = { ...entry.task, seen: { state, atSec } }
    entry.missing = null
    if (before?.state === state && atSec - (this.#keptSeenSec.get(guid) ?? before.atSec) < keptEverySec)
      return
    this.#keptSeenSec.set(guid, atSec)
    this.#changed.add(guid)
  }

  /** Cloud Controller does not show it. */
  missed(guid: string, sinceSec: number, sinceMs: number): void {
    const entry = this.#entries.get(guid)
    if (entry !== undefined) entry.missing ??= { sinceSec, sinceMs }
  }

  commandFailed(guid: string): void {
    const entry = this.#entries.get(guid)
    if (entry !== undefined) entry.commandFailures++
  }

  due(guid: string, dueMs: number): void {
    const entry = this.#entries.get(guid)
    if (entry === undefined) return
    entry.dueMs = dueMs
    // Behind the others: who was looked at last has to wait when there are more than a look takes.
    this.#entries.delete(guid)
    this.#entries.set(guid, entry)
  }

  /** What is to be looked at by then, at most `max`. */
  dueBy(ms: number, max: number): readonly TrackedTask[] {
    const due: TrackedTask[] = []
    for (const entry of this.#entries.values()) {
      if (entry.dueMs > ms) continue
      due.push(entry)
      if (due.length >= max) break
    }
    return due
  }

  /** It was told of, and the log has forgotten it with that. */
  told(guid: string): void {
    this.#remove(guid)
  }

  forget(guid: string): void {
    if (this.#remove(guid)) this.#changed.add(guid)
  }

  #remove(guid: string): boolean {
    this.#keptSeenSec.delete(guid)
    return this.#entries.delete(guid)
  }

  /** What the log is to keep of what changed since it was asked last. */
  takeChanges(): readonly NameRecord[] {
    const records = [...this.#changed].map(guid => {
      const entry = this.#entries.get(guid)
      return entry === undefined ? { key: recordKey(guid), value: null } : recordOf(entry.task)
    })
    this.#changed.clear()
    return records
  }
}

function fresh(task: FollowedTask, dueMs: number): Entry {
  return { task, dueMs, missing: null, commandFailures: 0 }
}
