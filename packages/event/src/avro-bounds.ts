import { isObject } from './raw-event.ts'

/*
 * The Avro library believes the lengths it reads: four damaged bytes can make it build an array of billions. So the
 * bytes are walked once before, by the schema, without building anything: every length has to fit into what is there.
 *
 *   int, long, enum   zig-zag varint of at most 10 bytes
 *   string, bytes     length (varint), then that many bytes
 *   union             index of the branch (varint), then the branch
 *   array             blocks of: count (varint; negative: then the block's bytes, too), items; a count of 0 ends it
 *   record            its fields in order
 */

interface Cursor {
  readonly bytes: Uint8Array
  at: number
}

type Walk = (cursor: Cursor) => void

/** Walks one value; `at` is where it begins, the answer where it ends. Throws RangeError when it does not fit. */
export type Bounds = (bytes: Uint8Array, at: number) => number

/** `schema` is in parsing canonical form. Throws for what our schemas do not use (map, fixed). */
export function avroBounds(schema: unknown): Bounds {
  const walk = walkOf(schema, new Map())
  return (bytes, at) => {
    const cursor = { bytes, at }
    walk(cursor)
    return cursor.at
  }
}

function walkOf(schema: unknown, named: Map<string, Walk>): Walk {
  if (Array.isArray(schema)) return unionWalk(schema.map(branch => walkOf(branch, named)))
  const type = isObject(schema) ? schema['type'] : schema
  if (isObject(schema)) {
    if (type === 'record') return recordWalk(schema, named)
    if (type === 'array') return arrayWalk(walkOf(schema['items'], named))
    if (type === 'enum') return remember(schema, named, enumWalk(listOf(schema['symbols']).length))
  }
  const known = PRIMITIVES.get(String(type)) ?? named.get(String(type))
  if (known === undefined) throw new Error(`no bounds are known for the Avro type ${String(type)}`)
  return known
}

const PRIMITIVES: ReadonlyMap<string, Walk> = new Map<string, Walk>([
  ['null', () => {}],
  ['boolean', cursor => skip(cursor, 1)],
  ['int', readLong],
  ['long', readLong],
  ['float', cursor => skip(cursor, 4)],
  ['double', cursor => skip(cursor, 8)],
  ['bytes', cursor => skip(cursor, readLong(cursor))],
  ['string', cursor => skip(cursor, readLong(cursor))],
])

function recordWalk(schema: Readonly<Record<string, unknown>>, named: Map<string, Walk>): Walk {
  const fields: Walk[] = []
  const walk = remember(schema, named, cursor => {
    for (const field of fields) field(cursor)
  })
  for (const field of listOf(schema['fields']))
    fields.push(walkOf(isObject(field) ? field['type'] : field, named))
  return walk
}

function remember(schema: Readonly<Record<string, unknown>>, named: Map<string, Walk>, walk: Walk): Walk {
  named.set(String(schema['name']), walk)
  return walk
}

function unionWalk(branches: readonly Walk[]): Walk {
  return cursor => {
    const branch = branches[readLong(cursor)]
    if (branch === undefined) throw new RangeError('a union has no such branch')
    branch(cursor)
  }
}

function enumWalk(symbols: number): Walk {
  return cursor => {
    const symbol = readLong(cursor)
    if (symbol < 0 || symbol >= symbols) throw new RangeError('an enum has no such symbol')
  }
}

function arrayWalk(item: Walk): Walk {
  return cursor => {
    for (let count = readLong(cursor); count !== 0; count = readLong(cursor)) {
      if (count < 0) readLong(cursor)
      const items = Math.abs(count)
      // Every item takes a byte at least.
      if (items > cursor.bytes.length - cursor.at)
        throw new RangeError('an array is longer than what holds it')
      for (let i = 0; i < items; i++) item(cursor)
    }
  }
}

function readLong(cursor: Cursor): number {
  // Nearly every length, branch and symbol is one byte.
  const first = cursor.bytes[cursor.at]
  if (first === undefined || first >= 0x80) return readLongOfMany(cursor)
  cursor.at++
  return (first & 1) === 0 ? first >> 1 : -((first + 1) >> 1)
}

function readLongOfMany(cursor: Cursor): number {
  let value = 0
  let factor = 1
  for (let i = 0; i < 10; i++) {
    const byte = cursor.bytes[cursor.at++]
    if (byte === undefined) throw new RangeError('a number is cut short')
    value += (byte & 0x7f) * factor
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    factor *= 128
  }
  throw new RangeError('a number is longer than 64 bits')
}

function skip(cursor: Cursor, length: number): void {
  if (length < 0 || length > cursor.bytes.length - cursor.at) throw new RangeError('a string is cut short')
  cursor.at += length
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
