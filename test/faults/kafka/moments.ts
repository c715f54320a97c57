import { systemClock } from '@cf-audit-drain/pipeline'
import type { Scene } from '../scene.ts'
import { longestRetryMs, until } from '../until.ts'

/** Events of the last seconds, all at once: what the next poll publishes. */
export async function burst(scene: Scene, count: number): Promise<void> {
  const toMs = scene.clock.now()
  await scene.simulator.history({ count, fromMs: toMs - 5_000, toMs })
}

/** Where a publish can be met: the events are on their brokers and not committed, or they have just been committed. */
export type PublishStep = 'before the send' | 'before the commit' | 'after the commit'

/** Waits for a publish to come to this step, making it have something to publish. Says which step it really met. */
export async function untilPublish(scene: Scene, step: PublishStep): Promise<PublishStep> {
  if (step === 'before the send') {
    await burst(scene, scene.between(200, 1_500))
    // The poll comes within a second; the publish begins when the page was read.
    await scene.lasts(scene.between(0, 1_000))
    return step
  }
  const before = await knownEnds(scene)
  await burst(scene, scene.between(200, 1_500))
  const startedMs = systemClock.monotonic()
  for (;;) {
    const now = await endsOrNull(scene)
    if (step === 'before the commit' && now !== null && now.all > now.committed) return step
    if (now !== null && now.committed > before.committed) return 'after the commit'
    if (systemClock.monotonic() - startedMs > longestRetryMs)
      throw new Error(`no publish within ${longestRetryMs} ms`)
  }
}

const endsOrNull = (scene: Scene) => scene.kafka.admin.endsOf(scene.kafka.events()).catch(() => null)

/** The topic's ends, once it is there: a poller that has just begun listens before it has made its topics. */
async function knownEnds(scene: Scene) {
  let ends = await endsOrNull(scene)
  await until(
    'the topic of events can be read',
    async () => {
      ends ??= await endsOrNull(scene)
      return ends !== null
    },
    longestRetryMs,
    50,
  )
  return ends as NonNullable<typeof ends>
}

/** Waits until something that is new now is in the log: the poller is at work again. */
export async function untilPublishing(scene: Scene, what: string): Promise<number> {
  const committed = async () => (await endsOrNull(scene))?.committed ?? null
  const startedMs = systemClock.monotonic()
  let before: bigint | null = null
  const grown = async () => {
    const now = await committed()
    before ??= now
    return now !== null && before !== null && now > before
  }
  await until(`the log grows ${what}`, grown, 2 * longestRetryMs, 100)
  return systemClock.monotonic() - startedMs
}

/** Waits until every broker has the topic of events, so that the next one may be harmed. */
export async function untilInSync(scene: Scene): Promise<void> {
  const { admin, cluster } = scene.kafka
  const topics = [scene.kafka.events(), '__transaction_state', '__consumer_offsets']
  const all = async () => {
    const counts = await Promise.all(topics.map(topic => admin.inSync(topic).catch(() => [])))
    return counts.every(brokers => brokers.length === cluster.brokers.length)
  }
  await until('all brokers are in sync', all, longestRetryMs, 100)
}
