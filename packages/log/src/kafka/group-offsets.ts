import type { Clock } from '@cf-audit-drain/pipeline'
import { LogClosedError } from '../log-error.ts'
import { type Cluster, coordinatorType } from './kafkajs-internals.ts'
import { patiently } from './patiently.ts'

/** Of a commit by nobody in particular: the group has no members. */
const noMember = { groupGenerationId: -1, memberId: '' } as const

/** Commits for consumer groups without members, metadata and all: kafkajs' admin leaves the metadata out. */
export class GroupOffsets {
  readonly #cluster: Cluster
  readonly #clock: Clock
  #isClosed = false

  constructor(cluster: Cluster, clock: Clock) {
    this.#cluster = cluster
    this.#clock = clock
  }

  /** Resolves when the brokers have it on as many replicas as they were told to. */
  async commit(
    groupId: string,
    topic: string,
    place: { readonly offset: string; readonly metadata: string },
  ): Promise<void> {
    const topics = [{ topic, partitions: [{ partition: 0, ...place }] }]
    await patiently(this.#clock, async () => {
      if (this.#isClosed) throw new LogClosedError('the log is closed')
      const coordinator = await this.#cluster.findGroupCoordinator({
        groupId,
        coordinatorType: coordinatorType.GROUP,
      })
      await coordinator.offsetCommit({ groupId, ...noMember, topics })
    })
  }

  close(): Promise<void> {
    this.#isClosed = true
    return this.#cluster.disconnect()
  }
}
