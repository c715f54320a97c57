export interface GroupMember {
  readonly id: string
  /** Nothing else is given to it. */
  readonly wants: readonly string[]
  /** What it has had until now. */
  readonly holds: readonly string[]
}

/**
 * Which topic goes to which member: to one that wants it, evenly, and otherwise to the one that has it, so that who
 * joins or leaves moves no more than it must. The same members are shared to in the same way, in whatever order they come.
 */
export function sharedOut(members: readonly GroupMember[]): ReadonlyMap<string, readonly string[]> {
  const sorted = members.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const shares = new Map(sorted.map(({ id }) => [id, new Set<string>()]))
  const loadOf = (id: string) => shares.get(id)?.size ?? 0
  const topics = [...new Set(sorted.flatMap(({ wants }) => wants))].toSorted()
  const wanting = new Map(topics.map(topic => [topic, sorted.filter(({ wants }) => wants.includes(topic))]))
  const leastLoaded = (topic: string) =>
    wanting.get(topic)?.toSorted((a, b) => loadOf(a.id) - loadOf(b.id))[0]?.id ?? ''

  const owners = new Map<string, string>()
  const give = (topic: string, to: string) => {
    shares.get(owners.get(topic) ?? '')?.delete(topic)
    shares.get(to)?.add(topic)
    owners.set(topic, to)
  }
  for (const topic of topics) {
    const holder = wanting.get(topic)?.find(({ holds }) => holds.includes(topic))
    if (holder) give(topic, holder.id)
  }
  // Those whom few want first: the others can still go elsewhere.
  const free = topics.filter(topic => !owners.has(topic))
  for (const topic of free.toSorted((a, b) => countOf(wanting, a) - countOf(wanting, b)))
    give(topic, leastLoaded(topic))
  // From the one that has most; each move makes the shares more even, so this ends.
  for (;;) {
    const gainOf = (topic: string) => loadOf(owners.get(topic) ?? '') - loadOf(leastLoaded(topic))
    const [first, ...rest] = topics
    if (first === undefined) break
    const best = rest.reduce((a, b) => (gainOf(b) > gainOf(a) ? b : a), first)
    if (gainOf(best) <= 1) break
    give(best, leastLoaded(best))
  }
  return new Map([...shares].map(([id, share]) => [id, [...share].toSorted()]))
}

function countOf(wanting: ReadonlyMap<string, readonly GroupMember[]>, topic: string): number {
  return wanting.get(topic)?.length ?? 0
}
