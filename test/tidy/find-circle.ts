/** The first circle of a directed graph, its first node repeated at the end; null when there is none. */
export function findCircle(edges: ReadonlyMap<string, readonly string[]>): readonly string[] | null {
  const done = new Set<string>()
  const way: string[] = []

  function visit(node: string): readonly string[] | null {
    const start = way.indexOf(node)
    if (start >= 0) return [...way.slice(start), node]
    if (done.has(node)) return null
    way.push(node)
    for (const next of edges.get(node) ?? []) {
      const circle = visit(next)
      if (circle) return circle
    }
    way.pop()
    done.add(node)
    return null
  }

  for (const node of edges.keys()) {
    const circle = visit(node)
    if (circle) return circle
  }
  return null
}
