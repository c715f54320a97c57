import type { Clock } from '@cf-audit-drain/pipeline'
import { type FoundCheckpoints, whyLost } from './agreed-checkpoint.ts'
import { KafkaClient } from './kafka-client.ts'
import { type KafkaOptions, kafkaDefaults } from './kafka-options.ts'
import { lookAtCheckpoints } from './look-at-checkpoints.ts'
import { Names } from './names.ts'
import type { SteadyCheckpoints } from './steady-checkpoints.ts'

/** `none`: never written. `lost`: there are events and no checkpoint, or a checkpoint and not its events. */
export type CheckpointState = 'none' | 'sound' | 'lost'

function checkpointState({ found, isMoving }: SteadyCheckpoints<FoundCheckpoints>): CheckpointState {
  if (isMoving) return 'sound'
  if (whyLost('', found) !== null) return 'lost'
  return found.inGroup === null && found.mirror === null ? 'none' : 'sound'
}

/** Of each foundation, looked up beside whoever writes. Changes nothing. */
export async function checkpointStates(
  options: KafkaOptions,
  foundations: readonly string[],
  clock: Clock,
): Promise<ReadonlyMap<string, CheckpointState>> {
  const client = new KafkaClient(options, clock)
  const names = new Names(options.prefix ?? kafkaDefaults.prefix)
  try {
    const there = new Set(await client.topicNames())
    const states = new Map<string, CheckpointState>()
    for (const foundation of foundations)
      states.set(
        foundation,
        checkpointState(await lookAtCheckpoints(foundation, there, { client, names, clock })),
      )
    return states
  } finally {
    await client.close()
  }
}
