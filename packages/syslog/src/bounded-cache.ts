/** Remembers what was made of a key. Forgets everything at `max` keys, because event types and names are other people's text. */
export function boundedCache<V, K = string>(max: number, make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>()
  return key => {
    const known = made.get(key)
    if (known !== undefined) return known
    const value = make(key)
    if (made.size >= max) made.clear()
    made.set(key, value)
    return value
  }
}
