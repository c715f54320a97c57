import { type FoundationOnKafka, findCheckpoints } from './find-checkpoints.ts'
import { FoundationState } from './foundation-state.ts'
import { readState } from './read-state.ts'
import { RecentGuids } from './recent-guids.ts'

type Door = Parameters<typeof findCheckpoints>[1]

/**
 * What the brokers hold of a foundation, looked at beside whoever writes. `there`: the topics there are; of one that is
 * not there nothing is read, and nobody makes it for that.
 */
export async function lookAtCheckpoints(
  foundation: string,
  there: ReadonlySet<string>,
  door: Door,
): Promise<FoundationOnKafka> {
  const { client, names } = door
  const hasState = there.has(names.state(foundation))
  if (there.has(names.events(foundation))) return findCheckpoints(foundation, door, 'committed', { hasState })
  const state = hasState
    ? await readState(await client.reader(), names.state(foundation), 'committed')
    : new FoundationState()
  const noEvents = { recent: new RecentGuids(), newestSeq: 'none', endOffset: 0, readTo: 0n } as const
  return { state, inGroup: null, mirror: state.mirror, isBegun: state.isBegun, ...noEvents }
}
