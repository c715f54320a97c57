import { archiveFlags } from './class-archive.ts'
import type { KafkaCluster, KafkaOptions } from './contract.ts'
import { beyondDocker, startDockerCluster } from './docker-cluster.ts'
import { connectDocker, type DockerEngine } from './docker-engine.ts'
import { findKafka, type JarsSource, type MissingSource } from './find-kafka.ts'
import { fetchKafkaJars } from './kafka-jars.ts'
import { checkJava, type KafkaJvm } from './kafka-jvm.ts'
import { startLocalCluster } from './local-cluster.ts'

/**
 * A Kafka to test with: the one KAFKA_BROKERS names, as it is and whatever the options say, or one of our own of
 * version 4.3.1. Throws what `kafkaMissing` says when there is neither, and what the broker's log says when it does not start.
 */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaCluster> {
  const source = findKafka()
  switch (source.kind) {
    case 'given':
      return givenCluster(source.brokers)
    case 'docker':
      return (await inDocker(options)) ?? onJvm(source.otherwise, options)
    case 'jars':
    case 'missing':
      return onJvm(source, options)
  }
}

/** Null, with a sentence on standard error, when there is no Docker that can do it. */
async function inDocker(options: KafkaOptions): Promise<KafkaCluster | null> {
  const goOn = (why: string) => {
    process.emitWarning(`Kafka is not started in Docker, but on a JVM of this machine: ${why}`)
    return null
  }
  const beyond = beyondDocker(options)
  if (beyond !== null) return goOn(beyond)
  let engine: DockerEngine
  try {
    engine = await connectDocker()
  } catch (error) {
    return goOn((error as Error).message)
  }
  return startDockerCluster(engine, options)
}

async function onJvm(source: JarsSource | MissingSource, options: KafkaOptions): Promise<KafkaCluster> {
  if (source.kind === 'missing') throw new Error(source.why)
  const jvm = await prepareJvm(source, options.signal)
  const flags = [...archiveFlags(jvm.jars), ...(options.jvmFlags ?? [])]
  return startLocalCluster({ ...jvm, flags }, options)
}

/** Fetches the jars, unless that was done before, and sees that `java` can run them. */
export async function prepareJvm(
  { java, mvn }: { readonly java: string; readonly mvn: string },
  signal?: AbortSignal,
): Promise<KafkaJvm> {
  await checkJava(java, signal)
  return { java, jars: await fetchKafkaJars(mvn, signal), flags: [] }
}

export function givenCluster(brokers: readonly string[]): KafkaCluster {
  return {
    brokers,
    secured: [],
    isOurs: false,
    broker: () => {
      throw new Error('KAFKA_BROKERS is set: its brokers are not ours to stop or kill; unset it for this')
    },
    stop: async () => {},
  }
}
