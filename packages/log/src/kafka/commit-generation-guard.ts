import { fromKafkajs } from './pinned-kafkajs.ts'

/** Of kafkajs/src/consumer/offsetManager/index.js: one for each generation of the group. */
export interface OffsetManager {
  /** The partitions of each topic that is this member's. */
  readonly memberAssignment: Readonly<Record<string, readonly number[]>>
}

interface Offsets {
  readonly topics?: readonly { readonly topic: string }[]
}

type Commit = (this: OffsetManager, offsets?: Offsets) => Promise<void>

const { KafkaJSNonRetriableError } = fromKafkajs('src/errors.js') as {
  readonly KafkaJSNonRetriableError: new (message: string) => Error
}

/** Of each commit, whatever it is tried: who was the first to try it. */
const firstTriedBy = new WeakMap<Offsets, OffsetManager>()

/**
 * kafkajs tries a commit again after the group was shared out, and then in the name of the new generation: the brokers do not look
 * whether the topic is still this member's, nor whether it was another's meanwhile, so that what that one has committed would be set back.
 */
export function ofItsGeneration(commit: Commit): Commit {
  return async function (this: OffsetManager, offsets) {
    if (offsets === undefined) return commit.call(this)
    const isFirst = firstTriedBy.getOrInsert(offsets, this) === this
    const foreign = offsets.topics?.find(({ topic }) => !(topic in this.memberAssignment))
    if (foreign || !isFirst)
      throw new KafkaJSNonRetriableError('The group was shared out anew before this could be committed')
    return commit.call(this, offsets)
  }
}

const { prototype } = fromKafkajs('src/consumer/offsetManager/index.js') as {
  readonly prototype: { commitOffsets: Commit }
}
if (typeof prototype.commitOffsets !== 'function')
  throw new Error('kafkajs: OffsetManager has no commitOffsets: reinstall it, it is not the original')
prototype.commitOffsets = ofItsGeneration(prototype.commitOffsets)
