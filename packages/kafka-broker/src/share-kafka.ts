import type { KafkaCluster } from './contract.ts'
import { kafkaMissing } from './find-kafka.ts'
import { givenCluster, startKafka } from './start-kafka.ts'

const variable = 'SHARED_KAFKA_BROKERS'

/**
 * A Kafka that other tests may use at the same moment: the one that `lendKafka` has started for the whole run, else what
 * `startKafka` gives. Whoever takes it names topics, groups and foundations that nobody else does, and stops no broker.
 */
export async function shareKafka(): Promise<KafkaCluster> {
  const shared = process.env[variable]
  return shared ? givenCluster(shared.split(',')) : startKafka()
}

/**
 * Starts one broker for all tests of a run, named in the environment of every process begun afterwards: a broker that is
 * warm is a good part of a test's time. Returns what ends it. Starts none where KAFKA_BROKERS names one, or where there is none to be had.
 */
export async function lendKafka(): Promise<() => Promise<void>> {
  if (process.env['KAFKA_BROKERS'] || kafkaMissing() !== null) return async () => {}
  const kafka = await startKafka()
  process.env[variable] = kafka.brokers.join(',')
  return async () => {
    delete process.env[variable]
    await kafka.stop()
  }
}
