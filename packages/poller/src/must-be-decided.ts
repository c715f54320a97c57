import { FencedError, KafkaStateError, LogDamagedError } from '@cf-audit-drain/log'
import { CheckpointUnreadableError } from './checkpoint.ts'

/** What is stored is not what it should be, or somebody else writes: trying again would hide it. */
export function mustBeDecided(error: unknown): boolean {
  return [CheckpointUnreadableError, FencedError, KafkaStateError, LogDamagedError].some(
    kind => error instanceof kind,
  )
}
