/** Remembers what was made of a key. Forgets everything at `max` keys, because event types and names are other people's text. */
export function boundedCache<V>(max: number, make: (key: string) => V): (key: string) => V {
  const made = new Map<string, V>()
  return key => {
    const known = made.get(key)
    if (known !== undefined) return known
    const value = make(key)
    if (made.size >= max) made.clear()
    made.set(key, value)
    return value
  }
}
