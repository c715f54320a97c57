import { agreedCheckpoint, spoiledGroup, spoiledMirror, whyLost } from './agreed-checkpoint.ts'

/**
 * Where to go on without transactions. Mirror and checkpoint are written one after the other, each once the events
 * they cover are on the brokers: a mirror that is ahead is what a kill between the two leaves, and nothing to warn of.
 * The older one reads again what is known already.
 *
 * @throws KafkaStateError when the checkpoint is lost, unless the operator has said to start anew
 */
export const resumableCheckpoint: typeof agreedCheckpoint = (foundation, found, warn, startAnew) => {
  const { inGroup, mirror } = found
  if (found.isMirrorSpoiled) {
    warn(spoiledMirror(foundation))
    return resumableCheckpoint(foundation, { ...found, isMirrorSpoiled: false }, warn, startAnew)
  }
  if (whyLost(foundation, found) !== null) return agreedCheckpoint(foundation, found, warn, startAnew)
  if (inGroup === null && mirror !== null) {
    warn(
      found.isGroupSpoiled
        ? spoiledGroup(foundation)
        : `the checkpoint group of ${foundation} is not there, as after a kill before its first commit, or a week without polling: going on from its mirror`,
    )
    return agreedCheckpoint(foundation, found, () => undefined)
  }
  const isOrdinary = inGroup !== null && mirror !== null && inGroup.seq <= mirror.seq
  return agreedCheckpoint(foundation, found, isOrdinary ? () => undefined : warn)
}
