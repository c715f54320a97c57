import type { CommandProcess } from '../command-process.ts'
import { burst, untilPublish, untilPublishing } from '../kafka/moments.ts'
import type { Kind, SceneDraft } from '../kind.ts'
import type { Scene } from '../scene.ts'
import { longestRetryMs, until } from '../until.ts'

/** The session of a member of a group, as the scene configures it. */
const sessionMs = 6_000
const steps = ['before the send', 'before the commit', 'after the commit'] as const

async function pollerKilled(scene: Scene): Promise<void> {
  const { kafka } = scene
  const met: string[] = []
  for (const step of scene.isQuick ? steps : [...steps, ...steps]) {
    met.push(await untilPublish(scene, step))
    if (scene.random() < 0.5) await scene.lasts(scene.between(0, 20))
    await kafka.kill(kafka.poller)
    kafka.startAgain(kafka.poller)
  }
  scene.notes.push(`killed ${met.join(', ')}`)
}

/** The one that polled last is stopped until the brokers take it for dead, and woken when the other has gone on. */
async function twoPollers(scene: Scene): Promise<void> {
  const { kafka } = scene
  for (let round = 0; round < (scene.isQuick ? 1 : 3); round++) {
    await untilPublish(scene, scene.pick(...steps))
    const leading = await lastToPoll(kafka.pollers)
    leading.signal('SIGSTOP')
    await scene.lasts(sessionMs + scene.between(1_000, scene.isQuick ? 2_000 : 60_000))
    await untilPublishing(scene, 'while one poller is stopped')
    leading.signal('SIGCONT')
    await burst(scene, scene.between(100, 500))
    await untilPublishing(scene, 'after it was woken')
  }
}

async function lastToPoll(pollers: readonly CommandProcess[]): Promise<CommandProcess> {
  const polled = await Promise.all(
    pollers.map(async poller => {
      const status = await poller.status()
      return { poller, at: status?.foundations[0]?.lastPoll?.at ?? '' }
    }),
  )
  const [last] = polled.toSorted((a, b) => (a.at < b.at ? 1 : -1))
  if (!last) throw new Error('there is no poller')
  return last.poller
}

async function sinkKilled(scene: Scene): Promise<void> {
  const { kafka, receiver } = scene
  for (let life = 0; life < (scene.isQuick ? 2 : 4); life++) {
    const before = receiver.killed
    const at = scene.pick('bytes', 'fin', 'closed', 'closed')
    await receiver.planKill({ pid: kafka.sink.pid, at, after: scene.between(1, 3) })
    await burst(scene, scene.between(100, 1_000))
    await until(`the receiver kills at ${at}`, () => receiver.killed > before, longestRetryMs, 5)
    await kafka.died(kafka.sink)
    kafka.startAgain(kafka.sink)
    await kafka.sink.listening()
  }
  scene.notes.push(`${receiver.killed} kills`)
}

/** A second and a third worker come and go while the first goes on. */
async function rebalances(scene: Scene): Promise<void> {
  const { kafka } = scene
  const [, ...others] = kafka.sinks
  const rounds = scene.isQuick ? 3 : 6
  for (let round = 0; round < rounds; round++) {
    const other = others[round % others.length] as CommandProcess
    await burst(scene, scene.between(100, 1_000))
    if (!other.alive) kafka.startAgain(other)
    else if (scene.random() < 0.7) await kafka.end(other)
    else await kafka.kill(other)
    await scene.lasts(scene.isQuick ? 1_500 : 5_000)
  }
  for (const other of others) if (!other.alive) kafka.startAgain(other)
  scene.notes.push(`${rounds} rebalances`)
}

async function blocked(scene: Scene): Promise<void> {
  const { kafka } = scene
  const both = [kafka.poller, kafka.sink]
  for (const one of scene.isQuick ? [scene.pick(kafka.poller, kafka.sink)] : both) {
    await untilPublish(scene, scene.pick(...steps))
    one.signal('SIGSTOP')
    await burst(scene, scene.between(100, 500))
    await scene.lasts(scene.isQuick ? sessionMs + 1_500 : 15_000)
    one.signal('SIGCONT')
    await untilPublishing(scene, `after ${one.name} was woken`)
    scene.notes.push(`${one.name} blocked`)
  }
}

async function terminated(scene: Scene): Promise<void> {
  const { kafka } = scene
  for (let round = 0; round < (scene.isQuick ? 2 : 8); round++) {
    const one = scene.pick(kafka.poller, kafka.sink)
    // Some are told to end before they have begun.
    if (scene.random() < 0.8) await one.listening()
    await untilPublish(scene, scene.pick(...steps))
    await scene.lasts(scene.between(0, 300))
    await kafka.end(one)
    kafka.startAgain(one)
  }
}

/** A receiver that reads nothing for a while, so that the log runs far ahead of a sink that has little memory. */
async function smallHeap(scene: Scene): Promise<void> {
  const { kafka } = scene
  await scene.receiver.order({ do: 'read-nothing' })
  const bursts = scene.isQuick ? 2 : 10
  for (let round = 0; round < bursts; round++) await burst(scene, 5_000)
  await untilPublishing(scene, 'while nothing is read')
  await scene.lasts(3_000)
  await scene.receiver.order({ do: 'take' })
  await until('the sink goes on', () => kafka.lines([kafka.sink]).some(delivered), longestRetryMs, 200)
}

const delivered = (line: Record<string, unknown>): boolean => line['msg'] === 'delivered and confirmed'

const twoFoundations = [
  { name: 'eu1', pollInterval: '1s' },
  { name: 'us1', pollInterval: '1s' },
]

export const kafkaProcesses: readonly Kind[] = [
  {
    name: 'kafka-poller-killed',
    title: 'Kafka: poller killed (-9) before the send, before the commit, after the commit',
    kafka: 'harmless',
    play: pollerKilled,
  },
  {
    name: 'kafka-two-pollers',
    title: 'Kafka: two pollers, the leading one stopped (SIGSTOP) past its session and woken',
    kafka: 'harmless',
    options: () => ({ pollers: 2 }),
    play: twoPollers,
  },
  {
    name: 'kafka-sink-killed',
    title: 'Kafka: sink killed (-9) between acceptance and commit',
    kafka: 'harmless',
    play: sinkKilled,
  },
  {
    name: 'kafka-rebalance',
    title: 'Kafka: a rebalance every 5 s, workers that join, leave and die',
    kafka: 'harmless',
    options: (scene: SceneDraft) => ({ foundations: twoFoundations, sinks: scene.pick(2, 3) }),
    play: rebalances,
  },
  {
    name: 'kafka-blocked',
    title: 'Kafka: poller or sink blocked for 15 s (SIGSTOP)',
    kafka: 'harmless',
    play: blocked,
  },
  {
    name: 'kafka-sigterm',
    title: 'Kafka: SIGTERM to poller and sink at any stage',
    kafka: 'harmless',
    play: terminated,
  },
  {
    name: 'kafka-small-heap',
    title: 'Kafka: sink with a heap of 128 MB, far behind',
    kafka: 'harmless',
    options: () => ({ sinkEnv: { NODE_OPTIONS: '--max-old-space-size=128' }, confirmTimeout: '30s' }),
    play: smallHeap,
  },
]
