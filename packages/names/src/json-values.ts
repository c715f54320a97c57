/** What `JSON.parse` made of an event or an answer, read without believing in its shape. */
export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** '' where there is no text. */
export function stringIn(object: JsonObject, key: string): string {
  const value = object[key]
  return typeof value === 'string' ? value : ''
}

/** `relationships.app.data.guid` of `guidIn(relationships, 'app')`; '' where there is none. */
export function guidIn(relationships: unknown, key: string): string {
  const relationship = isObject(relationships) ? relationships[key] : undefined
  const data = isObject(relationship) ? relationship['data'] : undefined
  return isObject(data) ? stringIn(data, 'guid') : ''
}
