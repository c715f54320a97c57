import { burst, type PublishStep, untilInSync, untilPublish, untilPublishing } from '../kafka/moments.ts'
import type { Kind } from '../kind.ts'
import type { Scene } from '../scene.ts'
import { longestRetryMs, until } from '../until.ts'

const steps = ['before the send', 'before the commit', 'after the commit'] as const

/** One broker is killed at a step of a publish, stays away a while and comes back; and then again. */
function killedAtSteps(whom: (scene: Scene) => Promise<number>): Kind['play'] {
  return async scene => {
    const met: PublishStep[] = []
    for (const step of scene.isQuick ? [scene.pick(...steps)] : steps) {
      await untilInSync(scene)
      const broker = scene.kafka.cluster.broker(await whom(scene))
      met.push(await untilPublish(scene, step))
      await broker.kill()
      await scene.lasts(scene.between(0, 3_000))
      await broker.start()
      await untilPublishing(scene, 'after the broker is back')
    }
    scene.notes.push(`killed ${met.join(', ')}`)
  }
}

async function leader(scene: Scene): Promise<number> {
  const { kafka, clock } = scene
  for (;;) {
    const at = await kafka.admin.leaderOf(kafka.events())
    if (at !== null) return at
    await clock.sleep(50)
  }
}

/** Broker after broker, or all at once, gone for so long. */
async function awayTogether(scene: Scene, brokers: readonly number[], forMs: number): Promise<void> {
  const these = brokers.map(index => scene.kafka.cluster.broker(index))
  await untilPublish(scene, 'before the send')
  await Promise.all(these.map(broker => broker.kill()))
  await scene.lasts(forMs)
  await Promise.all(these.map(broker => broker.start()))
  const ms = await untilPublishing(scene, 'after the brokers are back')
  scene.notes.push(`away ${(forMs / 1000).toFixed(1)} s, publishing ${(ms / 1000).toFixed(1)} s after`)
}

async function leaderStorm(scene: Scene): Promise<void> {
  const { admin } = scene.kafka
  const moves = scene.isQuick ? 4 : 15
  const everyMs = scene.isQuick ? 1_000 : 2_000
  let moved = 0
  for (let move = 0; move < moves; move++) {
    await burst(scene, scene.between(50, 300))
    for (const topic of [scene.kafka.events(), `${scene.kafka.prefix}.state.eu1`]) {
      const now = await admin.leaderOf(topic)
      const to = scene.pick(1, 2)
      await admin.moveLeader(topic, ((now ?? 0) + to) % 3)
      if ((await admin.leaderOf(topic)) !== now) moved++
    }
    await scene.lasts(everyMs)
  }
  if (moved === 0) throw new Error('no leader moved')
  scene.notes.push(`${moved} moves`)
}

async function halfOpen(scene: Scene): Promise<void> {
  const rounds = scene.isQuick ? 1 : 2
  for (let round = 0; round < rounds; round++) {
    await untilInSync(scene)
    const broker = scene.kafka.cluster.broker(await leader(scene))
    await untilPublish(scene, scene.pick(...steps))
    await broker.pause()
    await scene.lasts(scene.isQuick ? 5_000 : scene.between(5_000, 25_000))
    await broker.resume()
    await untilPublishing(scene, 'after the broker was woken')
  }
}

async function rollingRestart(scene: Scene): Promise<void> {
  for (const index of scene.kafka.cluster.brokers.keys()) {
    await untilInSync(scene)
    await burst(scene, scene.between(50, 500))
    const broker = scene.kafka.cluster.broker(index)
    await broker.stop()
    await scene.lasts(scene.between(0, 500))
    await broker.start()
  }
  await untilPublishing(scene, 'after the restarts')
}

/** Bytes per second of every client of ours, far below what a backfill needs. */
async function throttled(scene: Scene): Promise<void> {
  const { admin } = scene.kafka
  await admin.setQuota('cf-audit-drain', scene.between(4_000, 10_000))
  try {
    for (let round = 0; round < (scene.isQuick ? 2 : 6); round++) {
      await burst(scene, scene.between(500, 2_000))
      await scene.lasts(2_000)
    }
    await untilPublishing(scene, 'while it is throttled')
  } finally {
    await admin.setQuota('cf-audit-drain', null)
  }
  const slowestMs = () => Math.max(...scene.kafka.lines(scene.kafka.pollers).map(publishMs))
  // A poll that is held up says how long it took when it has come to its end.
  await until('a poll that was held up ends', () => slowestMs() >= 1_000, longestRetryMs, 200)
  scene.notes.push(`the slowest poll took ${(slowestMs() / 1000).toFixed(1)} s`)
}

const publishMs = (line: Record<string, unknown>): number =>
  line['msg'] === 'polled' && Number(line['published']) > 0 ? Number(line['durationMs']) : 0

export const kafkaBrokers: readonly Kind[] = [
  {
    name: 'kafka-leader-killed',
    title: 'Kafka: leader of the events killed (-9) at each step of a publish, and restarted',
    kafka: 'harmful',
    play: killedAtSteps(leader),
  },
  {
    name: 'kafka-coordinator-killed',
    title: 'Kafka: transaction coordinator killed (-9) at each step of a publish, and restarted',
    kafka: 'harmful',
    play: killedAtSteps(({ kafka }) =>
      kafka.admin.coordinatorOf('transaction', `${kafka.prefix}.poller.eu1`),
    ),
  },
  {
    name: 'kafka-leader-moved',
    title: 'Kafka: leaders moved every 2 s',
    kafka: 'harmful',
    play: leaderStorm,
  },
  {
    name: 'kafka-min-isr-lost',
    title: 'Kafka: two of three brokers killed (min.insync.replicas lost), and restarted',
    kafka: 'harmful',
    async play(scene) {
      const stays = scene.between(0, 2)
      const others = [0, 1, 2].filter(index => index !== stays)
      await awayTogether(scene, others, scene.isQuick ? 3_000 : scene.between(3_000, 30_000))
    },
  },
  {
    name: 'kafka-all-down',
    title: 'Kafka: all brokers down, and back',
    kafka: 'harmful',
    play: scene =>
      awayTogether(
        scene,
        [0, 1, 2],
        scene.outageMs ?? (scene.isQuick ? 4_000 : scene.between(5_000, 40_000)),
      ),
  },
  {
    name: 'kafka-throttled',
    title: 'Kafka: clients throttled by a quota',
    kafka: 'harmful',
    play: throttled,
  },
  {
    name: 'kafka-half-open',
    title: 'Kafka: leader that keeps its connections and answers nothing (SIGSTOP), then goes on',
    kafka: 'harmful',
    play: halfOpen,
  },
  {
    name: 'kafka-rolling-restart',
    title: 'Kafka: all brokers restarted, one after the other; rsyslogd receives',
    kafka: 'harmful',
    options: () => ({ receiver: 'rsyslog' }),
    play: rollingRestart,
  },
]
