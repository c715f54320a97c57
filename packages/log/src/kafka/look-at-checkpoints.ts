import { committedCheckpoint } from './committed-checkpoint.ts'
import { checkpointsIn, type FoundationOnKafka, type findCheckpoints } from './find-checkpoints.ts'
import { FoundationState } from './foundation-state.ts'
import { newestEvents } from './newest-events.ts'
import { RecentGuids } from './recent-guids.ts'
import { type SteadyCheckpoints, steadyCheckpoints } from './steady-checkpoints.ts'

type Door = Parameters<typeof findCheckpoints>[1]

/**
 * What the brokers hold of a foundation, looked at beside whoever writes. `there`: the topics there are; of one that is
 * not there nothing is read, and nobody makes it for that.
 */
export async function lookAtCheckpoints(
  foundation: string,
  there: ReadonlySet<string>,
  { client, names, clock }: Door,
): Promise<SteadyCheckpoints<FoundationOnKafka>> {
  const [eventsTopic, stateTopic] = [names.events(foundation), names.state(foundation)]
  const reader = await client.reader()
  const state = new FoundationState()
  let from = there.has(stateTopic) ? await reader.edge(stateTopic, 'earliest') : 0n
  /** The state topic may be long: what was read once is not read again, so that the looks are close together. */
  const pair = async () => {
    if (there.has(stateTopic)) {
      const to = await reader.edge(stateTopic, 'committed')
      for await (const record of reader.read(stateTopic, from, to)) state.apply(record)
      if (to > from) from = to
    }
    const committed = there.has(eventsTopic)
      ? await client.asAdmin(admin => committedCheckpoint(admin, names, foundation, clock))
      : { inGroup: null }
    return checkpointsIn(state, committed)
  }
  const newest = async () =>
    there.has(eventsTopic)
      ? newestEvents(reader, eventsTopic, 1, 'committed')
      : ({ recent: new RecentGuids(), newestSeq: 'none', endOffset: 0, readTo: 0n } as const)
  return steadyCheckpoints({ pair, newest }, clock)
}
