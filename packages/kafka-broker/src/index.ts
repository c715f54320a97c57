export type { KafkaBroker, KafkaCluster, KafkaOptions } from './contract.ts'
export { kafkaMissing } from './find-kafka.ts'
export { skipWithoutKafka } from './skip-without-kafka.ts'
export { startKafka } from './start-kafka.ts'
