import type { KafkaCluster, KafkaOptions } from './contract.ts'
import { findKafka } from './find-kafka.ts'
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
    case 'jars':
      return startLocalCluster(
        { ...(await prepareJvm(source, options.signal)), flags: options.jvmFlags ?? [] },
        options,
      )
    case 'missing':
      throw new Error(source.why)
  }
}

/** Fetches the jars, unless that was done before, and sees that `java` can run them. */
export async function prepareJvm(
  { java, mvn }: { readonly java: string; readonly mvn: string },
  signal?: AbortSignal,
): Promise<KafkaJvm> {
  await checkJava(java, signal)
  return { java, jars: await fetchKafkaJars(mvn, signal), flags: [] }
}

function givenCluster(brokers: readonly string[]): KafkaCluster {
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
