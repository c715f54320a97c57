import { type KafkaCluster, startKafka } from '@cf-audit-drain/kafka-broker'

/**
 * Brokers, started when the first run needs them and used by one run after the other, each with a prefix of its
 * own. What a failed run has left of them is not used again.
 */
export class KafkaClusters {
  readonly #brokers: 1 | 3
  #starting: Promise<KafkaCluster> | null = null

  constructor(brokers: 1 | 3 = 3) {
    this.#brokers = brokers
  }

  get(): Promise<KafkaCluster> {
    this.#starting ??= startKafka({ brokers: this.#brokers })
    return this.#starting
  }

  async discard(): Promise<void> {
    const cluster = await this.#starting?.catch(() => null)
    this.#starting = null
    await cluster?.stop()
  }
}
