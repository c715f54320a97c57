import type { Clock } from '@cf-audit-drain/pipeline'
import { type FoundCheckpoints, whyLost } from './agreed-checkpoint.ts'

const pauseMs = 500
const looksMax = 6

export interface SteadyCheckpoints<F extends FoundCheckpoints> {
  readonly found: F
  /** It was another at every look: somebody writes, who has made sure of the checkpoint himself. */
  readonly isMoving: boolean
}

type Pair = Pick<FoundCheckpoints, 'inGroup' | 'mirror' | 'isBegun'>
type Newest = Pick<FoundCheckpoints, 'newestSeq' | 'endOffset'>

/**
 * Checkpoint, mirror and events are read at three moments, and a poller may commit between them. So a pair that does not
 * fit, with each other or with the events, is looked at until it fits or is the same twice.
 */
export async function steadyCheckpoints<P extends Pair, N extends Newest>(
  look: { readonly pair: () => Promise<P>; readonly newest: () => Promise<N> },
  clock: Pick<Clock, 'sleep'>,
): Promise<SteadyCheckpoints<P & N>> {
  let before = ''
  for (let looks = 1; ; looks++) {
    const pair = await look.pair()
    const seen = JSON.stringify([pair.inGroup, pair.mirror])
    const isSame = seen === before
    const isLast = looks === looksMax
    if (isSame || isLast || areEqual(pair)) {
      const found = { ...pair, ...(await look.newest()) }
      if (isSame || (areEqual(pair) && whyLost('', found) === null)) return { found, isMoving: false }
      if (isLast) return { found, isMoving: true }
    }
    before = seen
    await clock.sleep(pauseMs)
  }
}

function areEqual({ inGroup, mirror }: Pair): boolean {
  return inGroup?.seq === mirror?.seq && inGroup?.checkpoint === mirror?.checkpoint
}
