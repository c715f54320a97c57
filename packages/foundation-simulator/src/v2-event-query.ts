import { errors } from './cloud-controller-error.ts'
import type { Selection, StoredRow } from './event-store.ts'

/** A checked query of `/v2/events`. */
export interface V2EventQuery {
  readonly page: number
  readonly perPage: number
  readonly descending: boolean
  /** The values of `q` as they came: the links echo them. */
  readonly q: readonly string[]
  readonly depth: string | null
  readonly selection: Selection
}

const perPageMax = 100
/** Cloud Controller adds five nines to the second of `>` and `<=`. */
const restOfSecondUs = 999_990
const operators = /(:|>=|<=|<|>| IN )/

/** Throws 400 for what Cloud Controller refuses, 500 where it stumbles. */
export function v2EventQuery(queryText: string): V2EventQuery {
  const query = new URLSearchParams(queryText)
  for (const column of query.getAll('order-by'))
    if (!['timestamp', 'id'].includes(column)) throw errors.cannotOrder(column)
  const perPage = wholeNumber(query.get('results-per-page')) ?? 50
  if (perPage > perPageMax) throw errors.badQuery([`results_per_page must be <= ${perPageMax}`])
  const descending = query.get('order-direction') === 'desc'
  const q = query.getAll('q')
  return {
    page: wholeNumber(query.get('page')) ?? 1,
    perPage,
    descending,
    q,
    depth: query.get('inline-relations-depth'),
    selection: { ...selectionOf(q), order: 'timestamp', descending },
  }
}

function wholeNumber(text: string | null): number | null {
  const number = Number.parseInt(text ?? '', 10)
  return number > 0 ? number : null
}

function selectionOf(q: readonly string[]): Pick<Selection, 'fromUs' | 'toUs' | 'where'> {
  let [fromUs, toUs] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  const tests: ((row: StoredRow) => boolean)[] = []
  for (const segment of q.flatMap(segmentsOf)) {
    const [key = '', operator = '', value = ''] = splitFilter(segment)
    const column = columns[key]
    if (key === 'timestamp') {
      const times = value.split(',').map(microseconds)
      const [us = 0] = times
      if (operator === '>=') fromUs = Math.max(fromUs, us)
      else if (operator === '>') fromUs = Math.max(fromUs, us + restOfSecondUs + 1)
      else if (operator === '<') toUs = Math.min(toUs, us)
      else if (operator === '<=') toUs = Math.min(toUs, us + restOfSecondUs + 1)
      else tests.push(row => times.some(at => row.createdAtUs >= at && row.createdAtUs < at + 1_000_000))
    } else if (column) tests.push(row => compares(column(row), operator, value))
    else throw errors.badQuery([key])
  }
  return { fromUs, toUs, where: tests.length === 0 ? null : row => tests.every(test => test(row)) }
}

const columns: Readonly<Record<string, (row: StoredRow) => string>> = {
  type: row => row.type,
  actee: row => row.targetGuid,
  space_guid: row => row.spaceGuid ?? '',
  organization_guid: row => row.organizationGuid ?? '',
}

/** `;` separates filters, `;;` is one semicolon. */
function segmentsOf(q: string): string[] {
  return q
    .replaceAll(';;', '\0')
    .split(';')
    .map(segment => segment.replaceAll('\0', ';'))
}

function splitFilter(segment: string): string[] {
  const found = operators.exec(segment)
  if (!found) return [segment]
  return [segment.slice(0, found.index), found[0], segment.slice(found.index + found[0].length)]
}

function compares(held: string, operator: string, value: string): boolean {
  if (operator === ' IN ') return value.split(',').includes(held)
  if (operator === '>=') return held >= value
  if (operator === '<=') return held <= value
  if (operator === '>') return held > value
  if (operator === '<') return held < value
  return held === value
}

/** Ruby's Time.parse takes fractions and offsets, too. */
function microseconds(text: string): number {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw errors.badQuery([`timestamp ${text}`])
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? ''
  return Math.floor(ms / 1000) * 1_000_000 + Number(fraction.padEnd(6, '0').slice(0, 6))
}
