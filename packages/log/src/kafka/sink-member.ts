import type { Sharing } from './kafka-client.ts'
import { PartitionAssigners } from './kafkajs-door.ts'
import { stickyAssigner } from './sticky-assigner.ts'

/**
 * A worker of a sink as a member of its consumer group. `wanted`: the topics it has had until now, dearest first. Beside workers of an
 * older version, which know kafkajs' own assigner only, the group is shared out by that one.
 */
export function sinkMember(
  id: string,
  topics: readonly string[],
  sessionTimeoutMs: number,
  wanted: () => readonly string[],
): {
  readonly id: string
  readonly topics: readonly string[]
  readonly sessionTimeoutMs: number
  readonly sharing: Sharing
} {
  const sharing = {
    partitionAssigners: [stickyAssigner(wanted), PartitionAssigners.roundRobin],
    // The others stand still from when the first of them hears that the group is shared out, until the last one does.
    heartbeatInterval: Math.max(100, Math.floor(sessionTimeoutMs / 12)),
  }
  return { id, topics, sessionTimeoutMs, sharing }
}
