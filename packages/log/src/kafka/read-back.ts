import { agreedCheckpoint, whyLost } from './agreed-checkpoint.ts'
import { findCheckpoints } from './find-checkpoints.ts'
import type { FoundationState } from './foundation-state.ts'
import type { WriterDoor } from './foundation-writer.ts'
import { refuseHalfMigrated } from './half-migrated.ts'
import type { KafkaRecord } from './partition-reader.ts'

const lookAgainMs = 500

/** What the brokers hold of a foundation. */
export async function readBack(
  foundation: string,
  { client, names, settings, clock, warn, startAnew: startAnews }: WriterDoor,
  {
    agree = agreedCheckpoint,
    gather,
    state = null,
  }: {
    readonly agree?: typeof agreedCheckpoint
    /** Called before each look; what it returns gets the newest events, in no order. */
    readonly gather?: () => (record: KafkaRecord) => void
    /** Where it was read since fencing. */
    readonly state?: FoundationState | null
  } = {},
) {
  const startAnew = startAnews.has(foundation)
  // Started anew it reads a longer past again: more of what is there has to be known.
  const count = startAnew ? settings.recentGuids * 4 : settings.recentGuids
  const find = () => findCheckpoints(foundation, { client, names, clock }, count, { each: gather?.(), state })
  let found = await find()
  // A broker that was stopped answers for a moment as if it led still: what is lost for good is so the second time, too.
  for (let looks = 1; looks < 3 && !startAnew && whyLost(foundation, found) !== null; looks++) {
    await clock.sleep(lookAgainMs)
    const { cluster } = await client.reader()
    await cluster.refreshMetadata().catch(() => undefined)
    found = await find()
  }
  refuseHalfMigrated(foundation, found.state)
  if (found.state.schemaIds !== null)
    settings.schemaIds?.recall(names.events(foundation), found.state.schemaIds)
  const stored = agree(foundation, found, warn, startAnew)
  const checkpoints = [found.inGroup, found.mirror].filter(one => one !== null)
  /** The number of the last event that a checkpoint speaks of. */
  const coveredSeq = checkpoints.length === 0 ? 0 : Math.min(...checkpoints.map(({ seq }) => seq))
  return { state: found.state, recent: found.recent, stored, coveredSeq, end: found.readTo }
}
