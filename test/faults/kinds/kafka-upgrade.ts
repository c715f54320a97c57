import { seenByKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import type { CommandProcess } from '../command-process.ts'
import { burst, untilPublish, untilPublishing } from '../kafka/moments.ts'
import type { Kind } from '../kind.ts'
import { layOldProgram, oldProgramMissing } from '../old-program.ts'
import { places } from '../places.ts'
import type { Scene } from '../scene.ts'

async function layOld(scene: Scene): Promise<void> {
  const program = layOldProgram(scene.folder)
  for (const one of scene.kafka.processes) one.program = program
}

/** Sinks first, pollers last, one by one, some of them killed; meanwhile both programs are at work. */
async function upgraded(scene: Scene): Promise<void> {
  const { kafka } = scene
  await untilPublishing(scene, 'while all of it is old')
  for (const sink of kafka.sinks) {
    await burst(scene, scene.between(100, 1_000))
    await replaced(scene, sink)
    await sink.listening()
  }
  for (const poller of kafka.pollers) {
    await untilPublish(scene, scene.pick('before the send', 'before the commit', 'after the commit'))
    await replaced(scene, poller)
    await untilPublishing(scene, `after ${poller.name} was replaced`)
  }
  await burst(scene, scene.between(100, 1_000))
  await untilPublishing(scene, 'when all of it is new')
  const records = await seenByKcat(kafka.cluster.brokers, kafka.events())
  const written = Map.groupBy(records, ({ headers }) => headers['schema'] ?? 'none')
  if (written.size < 2) throw new Error(`one schema only: ${[...written.keys()].join(', ')}`)
  scene.notes.push([...written].map(([schema, of]) => `${of.length} by ${schema}`).join(', '))
}

async function replaced(scene: Scene, one: CommandProcess): Promise<void> {
  const { kafka } = scene
  if (scene.random() < 0.6) await kafka.end(one)
  else await kafka.kill(one)
  one.program = places.drain
  kafka.startAgain(one)
}

export const kafkaUpgrade: Kind = {
  name: 'kafka-upgrade',
  title: 'Kafka: a rolling upgrade from the program before names and ledger, two schemas on one topic',
  kafka: 'harmless',
  options: () => ({ pollers: 2, sinks: 2 }),
  missing: oldProgramMissing,
  before: layOld,
  play: upgraded,
}
