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
}

/** The schema as the settings state it, each with an `example`. */
export const settingsSchema = z.toJSONSchema(configSchema, { io: 'input' }) as SchemaNode

const reference = { type: 'string', pattern: '[$][{]' }

/**
 * Draft 2020-12, of the file as the operator writes it. Wherever a value stands, text with a `$\{NAME}` in it may
 * stand as well: what it comes to is known only when the program starts.
 */
export function jsonSchema(): Readonly<Record<string, unknown>> {
  return withReferences(settingsSchema)
}

function withReferences(node: SchemaNode): Record<string, unknown> {
  const { properties, items, example, description, default: fallback, ...shape } = node
  const about = {
    ...(description === undefined ? {} : { description }),
    ...(example === undefined ? {} : { examples: [example] }),
    ...(fallback === undefined ? {} : { default: fallback }),
  }
  if (properties !== undefined) {
    const children = Object.entries(properties).map(([key, child]) => [key, withReferences(child)])
    return { ...shape, ...about, properties: Object.fromEntries(children) }
  }
  if (items !== undefined) return { ...shape, ...about, items: withReferences(items) }
  const isAnyText = shape.type === 'string' && shape.pattern === undefined && shape.enum === undefined
  return isAnyText && (shape.minLength ?? 0) <= 1
    ? { ...shape, ...about }
    : { ...about, anyOf: [shape, reference] }
}

/** The settings that may stand in the mapping at `path`. */
export function keysAt(path: Path): readonly string[] {
  const node = path.reduce<SchemaNode | undefined>(
    (at, step) => (typeof step === 'number' ? at?.items : at?.properties?.[step]),
    settingsSchema,
  )
  return Object.keys(node?.properties ?? {})
}
