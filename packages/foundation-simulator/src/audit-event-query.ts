import { errors } from './cloud-controller-error.ts'
import type { Selection, StoredRow } from './event-store.ts'
import { commaList, isHash, type Query, type QueryHash, type QueryValue } from './query-string.ts'

/** A checked query of `/v3/audit_events`. */
export interface AuditEventQuery {
  readonly page: number
  readonly perPage: number
  /** As the links echo it: with its direction. null: none was asked for. */
  readonly orderBy: string | null
  /** The filters as the links echo them. */
  readonly filters: ReadonlyMap<string, string | QueryHash>
  readonly selection: Selection
}

const validKeys = [
  'page',
  'per_page',
  'order_by',
  'created_ats',
  'updated_ats',
  'guids',
  'types',
  'target_guids',
  'space_guids',
  'organization_guids',
] as const
const listKeys = ['guids', 'types', 'target_guids', 'space_guids', 'organization_guids'] as const
const timestampKeys = ['created_ats', 'updated_ats'] as const
const operators: readonly string[] = ['lt', 'lte', 'gt', 'gte']
const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
const badTimestamp =
  "has an invalid timestamp format. Timestamps should be formatted as 'YYYY-MM-DDThh:mm:ssZ'"

/** Throws 400 with every complaint, worded and ordered as Cloud Controller does; 500 for a time like `9999-99-99T…`. */
export function auditEventQuery(query: Query): AuditEventQuery {
  const complaints = [
    ...pagingComplaints(query),
    ...listComplaints(query, ['guids']),
    ...timestampKeys.flatMap(key => timestampComplaints(key, query.get(key))),
    ...unknownKeyComplaints(query),
    ...listComplaints(query, ['types']),
    ...targetComplaints(query.get('target_guids')),
    ...listComplaints(query, ['space_guids', 'organization_guids']),
  ]
  if (complaints.length > 0) throw errors.badQuery(complaints)
  const orderBy = textOf(query.get('order_by')) || null
  return {
    page: Number.parseInt(textOf(query.get('page')) ?? '1', 10),
    perPage: Number.parseInt(textOf(query.get('per_page')) ?? '50', 10),
    orderBy: orderBy === null ? null : /^[+-]/.test(orderBy) ? orderBy : `+${orderBy}`,
    filters: filtersOf(query),
    selection: {
      ...spanOf(query),
      order: orderBy === null ? 'id' : 'created_at',
      descending: orderBy?.startsWith('-') ?? false,
      where: predicateOf(query),
    },
  }
}

function textOf(value: QueryValue | undefined): string | null {
  return value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value)
}

function pagingComplaints(query: Query): string[] {
  const complaints: string[] = []
  const [page, perPage] = [textOf(query.get('page')), textOf(query.get('per_page'))]
  if (page !== null && !(Number.parseInt(page, 10) > 0)) complaints.push('Page must be a positive integer')
  if (perPage !== null) {
    const number = Number.parseInt(perPage, 10)
    if (!(number > 0)) complaints.push('Per page must be a positive integer')
    else if (number > 5000) complaints.push('Per page must be between 1 and 5000')
  }
  const orderBy = textOf(query.get('order_by'))
  if (orderBy && !/^[+-]?(created_at|updated_at)$/.test(orderBy)) {
    complaints.push("Order by can only be: 'created_at', 'updated_at'")
  }
  return complaints
}

const human = (key: string): string => key.charAt(0).toUpperCase() + key.slice(1).replaceAll('_', ' ')

function listComplaints(query: Query, keys: readonly (typeof listKeys)[number][]): string[] {
  return keys.filter(key => isHash(query.get(key))).map(key => `${human(key)} must be an array`)
}

function targetComplaints(value: QueryValue | undefined): string[] {
  return isHash(value) && Object.keys(value).some(operator => operator !== 'not')
    ? ['Target guids target_guids has an invalid operator']
    : []
}

function timestampComplaints(key: string, value: QueryValue | undefined): string[] {
  if (value === undefined) return []
  if (!isHash(value)) {
    return commaList(value).every(item => timestamp.test(item)) ? [] : [`${human(key)} ${badTimestamp}`]
  }
  return Object.entries(value).flatMap(([operator, item]) => {
    if (!operators.includes(operator)) return [`${human(key)} Invalid relational operator: '${operator}'`]
    if (commaList(item).length > 1) {
      return [`${human(key)} only accepts one value when using a relational operator`]
    }
    return timestamp.test(textOf(item) ?? '') ? [] : [`${human(key)} ${badTimestamp}`]
  })
}

function unknownKeyComplaints(query: Query): string[] {
  const unknown = [...query.keys()].filter(key => !(validKeys as readonly string[]).includes(key))
  const quoted = (keys: readonly string[]): string => keys.map(key => `'${key}'`).join(', ')
  return unknown.length === 0
    ? []
    : [`Unknown query parameter(s): ${quoted(unknown)}. Valid parameters are: ${quoted(validKeys)}`]
}

/** `target_guids[not]` comes out as a list inside the hash: Cloud Controller's own links lose the exclusion that way. */
function filtersOf(query: Query): Map<string, string | QueryHash> {
  const filters = new Map<string, string | QueryHash>()
  for (const key of [...timestampKeys, ...listKeys]) {
    const value = query.get(key)
    if (value === undefined) continue
    if (!isHash(value)) filters.set(key, commaList(value).join(','))
    else if (key === 'target_guids') {
      filters.set(
        key,
        Object.fromEntries(Object.entries(value).map(([operator, item]) => [operator, commaList(item)])),
      )
    } else filters.set(key, value)
  }
  return filters
}

function microseconds(text: string): number {
  const parsed = Date.parse(text)
  if (Number.isNaN(parsed)) throw errors.unknown()
  return parsed * 1000
}

/** The database holds microseconds, the caller speaks whole seconds: `gt` skips the second, `lte` takes all of it. */
function spanOf(query: Query): { fromUs: number; toUs: number } {
  let [fromUs, toUs] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (const key of timestampKeys) {
    const value = query.get(key)
    if (!isHash(value)) continue
    for (const [operator, item] of Object.entries(value)) {
      const us = microseconds(textOf(item) ?? '')
      if (operator === 'gte') fromUs = Math.max(fromUs, us)
      if (operator === 'gt') fromUs = Math.max(fromUs, us + 1_000_000)
      if (operator === 'lt') toUs = Math.min(toUs, us)
      if (operator === 'lte') toUs = Math.min(toUs, us + 1_000_000)
    }
  }
  return { fromUs, toUs }
}

function predicateOf(query: Query): ((row: StoredRow) => boolean) | null {
  const tests: ((row: StoredRow) => boolean)[] = []
  for (const key of timestampKeys) {
    const value = query.get(key)
    if (value === undefined || isHash(value)) continue
    const seconds = new Set(commaList(value).map(item => microseconds(item) / 1e6))
    tests.push(row => seconds.has(Math.floor(row.createdAtUs / 1e6)))
  }
  const columns = {
    guids: (row: StoredRow) => row.guid,
    types: (row: StoredRow) => row.type,
    target_guids: (row: StoredRow) => row.targetGuid,
    space_guids: (row: StoredRow) => row.spaceGuid ?? '',
    organization_guids: (row: StoredRow) => row.organizationGuid ?? '',
  } as const
  for (const key of listKeys) {
    const value = query.get(key)
    if (value === undefined) continue
    const column = columns[key]
    const wanted = new Set(commaList(isHash(value) ? (value['not'] ?? '') : value))
    tests.push(isHash(value) ? row => !wanted.has(column(row)) : row => wanted.has(column(row)))
  }
  return tests.length === 0 ? null : row => tests.every(test => test(row))
}
