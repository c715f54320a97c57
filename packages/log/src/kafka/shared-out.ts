export interface GroupMember {
  readonly id: string
  /** Nothing else is given to it. */
  readonly wants: readonly string[]
  /** What it has had until now, dearest first: the last is given up first. */
  readonly holds: readonly string[]
}

/**
 * Which topic goes to which member: to one that wants it, evenly, and otherwise to the one that has it, so that who
 * joins or leaves moves no more than it must, and what is given up is not what is dearest. The same members are shared to in the same way, in whatever order they come.
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
  const dearness = (topic: string) => {
    const { holds = [] } = sorted.find(({ id }) => id === owners.get(topic)) ?? {}
    return holds.includes(topic) ? -holds.indexOf(topic) : -holds.length
  }
  for (const topic of topics) {
    // Two may say so: one was out of the group meanwhile. Whom it is dearer to may be delivering of it.
    const [holder] = (wanting.get(topic) ?? [])
      .filter(({ holds }) => holds.includes(topic))
      .toSorted((a, b) => a.holds.indexOf(topic) - b.holds.indexOf(topic))
    if (holder) give(topic, holder.id)
  }
  // Those whom few want first: the others can still go elsewhere.
  const free = topics.filter(topic => !owners.has(topic))
  for (const topic of free.toSorted((a, b) => countOf(wanting, a) - countOf(wanting, b)))
    give(topic, leastLoaded(topic))
  const gainOf = (topic: string) => loadOf(owners.get(topic) ?? '') - loadOf(leastLoaded(topic))
  // From the one that has most; each move makes the shares more even, so this ends.
  for (;;) {
    const moves = topics.map(topic => ({ topic, gain: gainOf(topic), price: dearness(topic) }))
    const [best] = moves.toSorted((a, b) => b.gain - a.gain || a.price - b.price)
    if (best === undefined || best.gain <= 1) break
    give(best.topic, leastLoaded(best.topic))
  }
  return new Map([...shares].map(([id, share]) => [id, [...share].toSorted()]))
}

function countOf(wanting: ReadonlyMap<string, readonly GroupMember[]>, topic: string): number {
  return wanting.get(topic)?.length ?? 0
}
