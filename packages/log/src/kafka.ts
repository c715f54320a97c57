/** A door of its own: who keeps the log in a file need not load a Kafka client. */
export { checkKafkaLog } from './kafka/check-kafka-log.ts'
export { type KafkaLogDeps, openKafkaLog } from './kafka/kafka-log.ts'
export type { KafkaLogLine, KafkaOptions } from './kafka/kafka-options.ts'
export {
  type MigrationDeps,
  type MigrationOptions,
  type MigrationReport,
  type MovedFoundation,
  migrateToKafka,
} from './migrate/migrate-to-kafka.ts'
