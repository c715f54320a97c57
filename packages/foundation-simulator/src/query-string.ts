/** A query value as Rack nests it: `a=1` a string, `a[]=1` a list, `a[gte]=1` a hash. */
export type QueryValue = string | readonly string[] | QueryHash
export interface QueryHash {
  readonly [operator: string]: string | readonly string[]
}
export type Query = ReadonlyMap<string, QueryValue>

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** Nested as Rack does, one level deep and `[]` below it: more is not used by any v3 list. */
export function parseQuery(text: string): Query {
  const query = new Map<string, QueryValue>()
  for (const pair of text.split('&').filter(part => part !== '')) {
    const equals = pair.indexOf('=')
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : decoded(pair.slice(equals + 1))
    const nested = /^([^[]+)\[([^\]]*)\](\[\])?$/.exec(name)
    const key = nested?.[1] ?? name
    query.set(key, nested ? nest(query.get(key), nested[2] ?? '', value, nested[3] !== undefined) : value)
  }
  return query
}

function nest(before: QueryValue | undefined, operator: string, value: string, list: boolean): QueryValue {
  if (operator === '') return [...(Array.isArray(before) ? before : []), value]
  const hash = isHash(before) ? before : {}
  if (!list) return { ...hash, [operator]: value }
  const sofar = hash[operator]
  return { ...hash, [operator]: [...(Array.isArray(sofar) ? sofar : []), value] }
}

export function isHash(value: QueryValue | undefined): value is QueryHash {
  return typeof value === 'object' && !Array.isArray(value)
}

/** Ruby prints an array in brackets and quotes: why `types[]=a` looks for a type named `["a"]`. */
function rubyText(value: string | readonly string[]): string {
  return typeof value === 'string' ? value : `[${value.map(item => JSON.stringify(item)).join(', ')}]`
}

/** What Cloud Controller makes of a comma list; each item is unescaped a second time. */
export function commaList(value: string | readonly string[]): readonly string[] {
  const text = rubyText(value)
  return text === '' ? [''] : text.split(/,\s*/).map(decoded)
}

const encoded = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')

/** As Rails writes a query: sorted by key, `a[b]=` for hashes, `a[]=` for lists inside hashes. */
export function queryText(parameters: ReadonlyMap<string, string | QueryHash>): string {
  const pairs = [...parameters].flatMap(([key, value]) =>
    typeof value === 'string'
      ? [`${encoded(key)}=${encoded(value)}`]
      : Object.entries(value).flatMap(([operator, inner]) =>
          typeof inner === 'string'
            ? [`${encoded(`${key}[${operator}]`)}=${encoded(inner)}`]
            : inner.map(item => `${encoded(`${key}[${operator}][]`)}=${encoded(item)}`),
        ),
  )
  return pairs.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join('&')
}
