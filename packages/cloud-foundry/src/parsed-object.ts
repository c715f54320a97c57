/** The JSON object in a text, or null for anything else. */
export function parsedObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A list of objects and nothing else; null for anything else. */
export function objectsIn(list: unknown): readonly Readonly<Record<string, unknown>>[] | null {
  return Array.isArray(list) && list.every(isObject) ? list : null
}
