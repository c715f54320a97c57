import type { CompleteRow } from './simulated-row.ts'
import { TextArena } from './text-arena.ts'

/** A row of `events`. */
export interface StoredRow {
  /** Grows with every insert, as `events.id`; never shown. */
  readonly id: number
  readonly guid: string
  readonly type: string
  readonly targetGuid: string
  readonly spaceGuid: string | null
  readonly organizationGuid: string | null
  readonly createdAtUs: number
  readonly visibleAtMs: number
  readonly malformed: boolean
  readonly actorUsername: string | null | undefined
  readonly chunk: number
  readonly offset: number
  readonly length: number
  /** Milliseconds in the simulator's clock; NaN while it was never visible. */
  firstVisibleAtMs: number
  /** Milliseconds in the simulator's clock; NaN while it is in the table. */
  goneAtMs: number
}

/** Which rows a statement asks for. */
export interface Selection {
  /** Half-open, microseconds. */
  readonly fromUs: number
  readonly toUs: number
  /** `created_at` breaks ties by guid (v3), `timestamp` by id (v2). */
  readonly order: 'id' | 'created_at' | 'timestamp'
  readonly descending: boolean
  /** null: every row of the span. */
  readonly where: ((row: StoredRow) => boolean) | null
}

const isHere = (row: StoredRow): boolean => Number.isNaN(row.goneAtMs)
const byCreation = (a: StoredRow, b: StoredRow): number =>
  a.createdAtUs - b.createdAtUs || (a.guid < b.guid ? -1 : a.guid > b.guid ? 1 : 0)
const byTimestamp = (a: StoredRow, b: StoredRow): number => a.createdAtUs - b.createdAtUs || a.id - b.id
const byId = (a: StoredRow, b: StoredRow): number => a.id - b.id
const latestFirst = (a: StoredRow, b: StoredRow): number => b.visibleAtMs - a.visibleAtMs

/**
 * The table `events` as one reader sees it: rows not yet committed wait in `#pending`. What is visible is kept sorted
 * by (created_at, guid), so a window is two binary searches, and by id.
 */
export class EventStore {
  readonly #arena = new TextArena()
  readonly #byGuid = new Map<string, StoredRow>()
  #sorted: StoredRow[] = []
  #byId: StoredRow[] = []
  #pending: StoredRow[] = []
  /** Guids of rows that are counted, and left out of every page. */
  #withheld: ReadonlySet<string> = new Set()
  /** Every row that was ever visible, in the order of becoming so; deleted ones stay. */
  readonly everVisible: StoredRow[] = []
  #nextId = 1
  #onVisible: (rows: readonly StoredRow[]) => void

  constructor(onVisible: (rows: readonly StoredRow[]) => void = () => {}) {
    this.#onVisible = onVisible
  }

  get size(): number {
    return this.#sorted.length
  }

  insert(rows: Iterable<CompleteRow>, nowMs: number): StoredRow[] {
    const stored: StoredRow[] = []
    for (const row of rows) stored.push(this.#store(row))
    const [due, later]: [StoredRow[], StoredRow[]] = [[], []]
    for (const row of stored) (row.visibleAtMs <= nowMs ? due : later).push(row)
    if (later.length > 0) {
      for (const row of later) this.#pending.push(row)
      this.#pending.sort(latestFirst)
    }
    this.#show(due, nowMs)
    return stored
  }

  /** Lets everything be seen whose time has come. Called before each statement. */
  reveal(nowMs: number): void {
    const due: StoredRow[] = []
    for (let next = this.#pending.at(-1); next !== undefined; next = this.#pending.at(-1)) {
      if (next.visibleAtMs > nowMs) break
      due.push(next)
      this.#pending.pop()
    }
    this.#show(due, null)
  }

  /** Removes rows, seen or not. */
  remove(rows: Iterable<StoredRow>, nowMs: number): StoredRow[] {
    const removed = [...rows].filter(isHere)
    for (const row of removed) {
      row.goneAtMs = nowMs
      this.#byGuid.delete(row.guid)
    }
    if (removed.length === 0) return removed
    this.#sorted = this.#sorted.filter(isHere)
    this.#byId = this.#byId.filter(isHere)
    this.#pending = this.#pending.filter(isHere)
    return removed
  }

  /** Puts rows back that were removed after they had been seen. */
  revive(rows: Iterable<StoredRow>): StoredRow[] {
    const revived = [...rows].filter(row => !isHere(row) && !this.#byGuid.has(row.guid))
    for (const row of revived) {
      row.goneAtMs = Number.NaN
      this.#byGuid.set(row.guid, row)
    }
    merge(this.#sorted, revived, byCreation)
    merge(this.#byId, revived, byId)
    return revived
  }

  byGuid(guid: string): StoredRow | undefined {
    return this.#byGuid.get(guid)
  }

  isVisible(row: StoredRow): boolean {
    return isHere(row) && !Number.isNaN(row.firstVisibleAtMs)
  }

  /** Oldest first, of what is visible. */
  oldest(count: number): StoredRow[] {
    return this.#sorted.slice(0, count)
  }

  count(selection: Selection): number {
    const [from, to] = this.#span(selection)
    if (selection.where === null) return to - from
    let count = 0
    for (let at = from; at < to; at++) if (selection.where(this.#sorted[at] as StoredRow)) count++
    return count
  }

  /** These from now on, and no others. */
  withhold(guids: Iterable<string>): void {
    this.#withheld = new Set(guids)
  }

  select(selection: Selection, offset: number, limit: number): StoredRow[] {
    const rows = this.#page(selection, offset, limit)
    return this.#withheld.size === 0 ? rows : rows.filter(({ guid }) => !this.#withheld.has(guid))
  }

  #page(selection: Selection, offset: number, limit: number): StoredRow[] {
    const rows = this.#ordered(selection)
    if (!selection.descending) return rows.slice(offset, offset + limit)
    const end = Math.max(0, rows.length - offset)
    return rows.slice(Math.max(0, end - limit), end).reverse()
  }

  /** All rows of the selection in ascending order, with no copy where the index itself will do. */
  #ordered(selection: Selection): { readonly length: number; slice(from: number, to: number): StoredRow[] } {
    const [from, to] = this.#span(selection)
    const whole = from === 0 && to === this.#sorted.length
    if (selection.where === null && selection.order === 'id' && whole) return this.#byId
    if (selection.where === null && selection.order === 'created_at') {
      return { length: to - from, slice: (a, b) => this.#sorted.slice(from + a, Math.min(to, from + b)) }
    }
    const rows = this.#sorted.slice(from, to).filter(selection.where ?? (() => true))
    if (selection.order === 'created_at') return rows
    return rows.sort(selection.order === 'id' ? byId : byTimestamp)
  }

  text(row: StoredRow): string {
    return this.#arena.text(row)
  }

  joined(rows: readonly StoredRow[]): Uint8Array[] {
    return this.#arena.joined(rows)
  }

  #store(row: CompleteRow): StoredRow {
    if (this.#byGuid.has(row.guid)) throw new Error(`simulator: guid ${row.guid} is already in the table`)
    const spot = this.#arena.add(row.text)
    const stored: StoredRow = {
      id: this.#nextId++,
      guid: row.guid,
      type: row.type,
      targetGuid: row.targetGuid,
      spaceGuid: row.spaceGuid,
      organizationGuid: row.organizationGuid,
      createdAtUs: row.createdAtUs,
      visibleAtMs: row.visibleAtMs,
      malformed: row.malformed,
      actorUsername: row.actorUsername,
      chunk: spot.chunk,
      offset: spot.offset,
      length: spot.length,
      firstVisibleAtMs: Number.NaN,
      goneAtMs: Number.NaN,
    }
    this.#byGuid.set(row.guid, stored)
    return stored
  }

  /** `atMs`: null when the rows were waiting, and became visible at their own times. */
  #show(rows: readonly StoredRow[], atMs: number | null): void {
    if (rows.length === 0) return
    for (const row of rows) {
      row.firstVisibleAtMs = atMs ?? row.visibleAtMs
      this.everVisible.push(row)
    }
    merge(this.#sorted, rows, byCreation)
    merge(this.#byId, rows, byId)
    this.#onVisible(rows)
  }

  #span({ fromUs, toUs }: Selection): [number, number] {
    const from = this.#firstAtOrAfter(fromUs)
    return [from, Math.max(from, this.#firstAtOrAfter(toUs))]
  }

  #firstAtOrAfter(us: number): number {
    return firstIndex(this.#sorted, row => row.createdAtUs >= us)
  }
}

function firstIndex(rows: readonly StoredRow[], holds: (row: StoredRow) => boolean): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(rows[middle] as StoredRow)) high = middle
    else low = middle + 1
  }
  return low
}

/** Many rows are appended and sorted, a few are put in their place. */
function merge(
  into: StoredRow[],
  rows: readonly StoredRow[],
  order: (a: StoredRow, b: StoredRow) => number,
): void {
  if (rows.length <= 64) {
    for (const row of rows)
      into.splice(
        firstIndex(into, other => order(other, row) > 0),
        0,
        row,
      )
    return
  }
  let ordered = true
  let last = into.at(-1)
  for (const row of rows) {
    ordered &&= last === undefined || order(last, row) <= 0
    last = row
    into.push(row)
  }
  if (!ordered) into.sort(order)
}
