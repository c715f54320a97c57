import * as z from 'zod'
import { configSchema } from './schema.ts'
import type { Path } from './settings-tree.ts'

/** The parts of JSON Schema that our schema uses. */
export interface SchemaNode {
  readonly title?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly example?: string
  readonly minLength?: number
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly pattern?: string
  readonly writeOnly?: boolean
  readonly required?: readonly string[]
  readonly items?: SchemaNode
  readonly minItems?: number
  readonly maxItems?: number
  /** What may be written instead: true or false, or a variable that holds the whole. Written out by the loader. */
  readonly shorthand?: 'flag' | 'variable'
}

/** The schema as the settings state it, each with an `example`. */
export const settingsSchema = z.toJSONSchema(configSchema, { io: 'input' }) as SchemaNode

type JsonPart = Readonly<Record<string, unknown>>

const reference = { type: 'string', pattern: '[$][{]' }

/**
 * Draft 2020-12, of the file as the operator writes it. Wherever a value stands, text with a `$\{NAME}` in it may
 * stand as well: what it comes to is known only when the program starts.
 */
export function jsonSchema(): JsonPart {
  return withReferences(settingsSchema)
}

function withReferences(node: SchemaNode): Record<string, unknown> {
  const { properties, items, example, description, default: fallback, shorthand, ...shape } = node
  const about = {
    ...(description === undefined ? {} : { description }),
    ...(example === undefined ? {} : { examples: [example] }),
    ...(fallback === undefined ? {} : { default: fallback }),
  }
  if (properties !== undefined) {
    const children = Object.entries(properties).map(([key, child]) => [key, withReferences(child)])
    return orShorthand(shape, about, { properties: Object.fromEntries(children) }, shorthand)
  }
  if (items !== undefined) return orShorthand(shape, about, { items: withReferences(items) }, shorthand)
  const isAnyText = shape.type === 'string' && shape.pattern === undefined && shape.enum === undefined
  return isAnyText && (shape.minLength ?? 0) <= 1
    ? { ...shape, ...about }
    : { ...about, anyOf: [shape, reference] }
}

function orShorthand(
  shape: JsonPart,
  about: JsonPart,
  content: JsonPart,
  shorthand: SchemaNode['shorthand'],
): Record<string, unknown> {
  if (shorthand === undefined) return { ...shape, ...about, ...content }
  const flag = shorthand === 'flag' ? [{ type: 'boolean' }] : []
  return { ...about, anyOf: [{ ...shape, ...content }, ...flag, reference] }
}

/** The settings that may stand in the mapping at `path`. */
export function keysAt(path: Path): readonly string[] {
  const node = path.reduce<SchemaNode | undefined>(
    (at, step) => (typeof step === 'number' ? at?.items : at?.properties?.[step]),
    settingsSchema,
  )
  return Object.keys(node?.properties ?? {})
}
