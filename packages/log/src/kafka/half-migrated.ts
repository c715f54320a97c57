import type { Clock } from '@cf-audit-drain/pipeline'
import { committedOffsets } from './committed-offsets.ts'
import type { FoundationState } from './foundation-state.ts'
import type { KafkaClient } from './kafka-client.ts'
import { KafkaStateError } from './kafka-error.ts'
import type { Names } from './names.ts'
import { readState } from './read-state.ts'

/** @throws KafkaStateError: the checkpoint comes last, so a poller would begin anew and double everything */
export function refuseHalfMigrated(foundation: string, { isMigrating }: FoundationState): void {
  if (!isMigrating) return
  throw new KafkaStateError(
    `${foundation} is being carried here from an embedded log, and that is not finished: run cf-audit-drain migrate ` +
      '(again, if it was interrupted), and then this',
  )
}

export interface Beginning {
  readonly offset: bigint
  /** How many come at most; null where the group knows its place. */
  readonly records: bigint | null
}

/**
 * Where a sink begins with a foundation of which it has committed nothing: at the oldest record, unless an embedded log
 * is being carried here, which brings the sink's place with it.
 *
 * @throws KafkaStateError while that is not finished
 */
export async function beginningOf(
  topic: string,
  group: string,
  { client, names, clock }: { readonly client: KafkaClient; readonly names: Names; readonly clock: Clock },
): Promise<Beginning> {
  const foundation = names.foundationOf(topic) ?? ''
  const reader = await client.reader()
  const state = names.state(foundation)
  if ((await client.topicNames()).includes(state))
    refuseHalfMigrated(foundation, await readState(reader, state, 'committed'))
  // It may have been finished since the caller asked: the places are there before the mark is gone.
  const [committed] = await client.asAdmin(admin => committedOffsets(admin, group, [topic], clock))
  const offset = BigInt(committed?.partitions[0]?.offset ?? -1)
  if (offset >= 0n) return { offset, records: null }
  const oldest = await reader.edge(topic, 'earliest')
  return { offset: oldest, records: (await reader.edge(topic, 'committed')) - oldest }
}
