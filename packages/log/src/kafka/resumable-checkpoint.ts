import { agreedCheckpoint } from './agreed-checkpoint.ts'

/**
 * Where to go on without transactions. Mirror and checkpoint are written one after the other, each once the events
 * they cover are on the brokers: a mirror that is ahead is what a kill between the two leaves, and nothing to warn of.
 * The older one reads again what is known already.
 *
 * @throws KafkaStateError when there are events and no checkpoint, and no first publish that was interrupted
 */
export const resumableCheckpoint: typeof agreedCheckpoint = (foundation, found, warn) => {
  const { inGroup, mirror, hasRecords, isBegun } = found
  if (inGroup === null && mirror === null && hasRecords && isBegun) return null
  if (inGroup === null && mirror !== null) {
    warn(
      `the checkpoint group of ${foundation} is not there, as after a kill before its first commit, or a week without polling: going on from its mirror`,
    )
    return mirror
  }
  const isOrdinary = inGroup !== null && mirror !== null && inGroup.seq <= mirror.seq
  return agreedCheckpoint(foundation, found, isOrdinary ? () => undefined : warn)
}
