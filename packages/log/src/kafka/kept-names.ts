import type { Message } from 'kafkajs'
import type { NameRecord } from '../ports.ts'
import type { PartitionReader } from './partition-reader.ts'

/*
 * Names are kept in the compacted state topic of their foundation, under `name ` and their key; an empty record forgets one.
 * No topic and no right of their own, and programs that know of none pass them by.
 */
const prefix = 'name '

export function nameMessages(names: readonly NameRecord[]): readonly Message[] {
  return names.map(({ key, value }) => ({ key: prefix + key, value, partition: 0 }))
}

/** The newest of each key, up to what is committed; `knownEnd`: the topic goes so far at least. */
export async function keptNames(
  reader: PartitionReader,
  topic: string,
  knownEnd = 0n,
): Promise<readonly NameRecord[]> {
  const [from, end] = [await reader.edge(topic, 'earliest'), await reader.edge(topic, 'committed', knownEnd)]
  const names = new Map<string, string>()
  for await (const { key, value } of reader.read(topic, from, end)) {
    const name = key?.toString() ?? ''
    if (!name.startsWith(prefix)) continue
    if (value === null) names.delete(name.slice(prefix.length))
    else names.set(name.slice(prefix.length), value.toString())
  }
  return [...names].map(([key, value]) => ({ key, value }))
}
