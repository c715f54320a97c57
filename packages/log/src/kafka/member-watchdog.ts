import type { Clock } from '@cf-audit-drain/pipeline'
import type { Consumer } from 'kafkajs'
import { KafkaUnavailableError } from './kafka-error.ts'

type Watched = Pick<Consumer, 'on' | 'events'>

/**
 * Says once, after the first joining and until the consumer disconnects, that a member is one no longer and does not
 * know it. kafkajs 2.2.4 gives a joining up when the coordinator is still loading, and then goes on with heartbeats as if
 * nothing had been: it has said that the group is shared out anew, and never says to whom. And a member that the
 * coordinator does not know may be left without an identity, fetching on and sending no heartbeats.
 */
export function watchMember(
  consumer: Watched,
  silenceMaxMs: number,
  clock: Clock,
  stuck: (error: Error) => void,
): void {
  const { GROUP_JOIN, HEARTBEAT, REBALANCING, DISCONNECT } = consumer.events
  const ended = new AbortController()
  let isJoining = true
  let heardMs = clock.monotonic()
  const tell = (why: string) => {
    if (ended.signal.aborted) return
    ended.abort()
    stuck(new KafkaUnavailableError(`this member of the group is stuck: ${why}`))
  }
  consumer.on(REBALANCING, () => {
    isJoining = true
  })
  consumer.on(HEARTBEAT, () => {
    heardMs = clock.monotonic()
    if (isJoining) tell('it has not joined again, and goes on all the same')
  })
  consumer.on(DISCONNECT, () => ended.abort())
  const watch = async () => {
    while (!ended.signal.aborted) {
      await clock.sleep(silenceMaxMs / 4, ended.signal)
      const silentMs = clock.monotonic() - heardMs
      if (silentMs > silenceMaxMs) tell(`no heartbeat was answered for ${Math.round(silentMs)} ms`)
    }
  }
  let isWatched = false
  consumer.on(GROUP_JOIN, () => {
    isJoining = false
    heardMs = clock.monotonic()
    if (!isWatched) watch().catch(() => undefined)
    isWatched = true
  })
}
