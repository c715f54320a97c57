/** A door of its own: who keeps the log in a file need not load a Kafka client. */
export { checkKafkaLog, type KafkaCheck, type KafkaFinding } from './kafka/check-kafka-log.ts'
export { type CheckpointState, checkpointStates } from './kafka/checkpoint-states.ts'
export { type KafkaLogDeps, openKafkaLog } from './kafka/kafka-log.ts'
export type { KafkaLogLine, KafkaOptions } from './kafka/kafka-options.ts'
export {
  type AppliedTopics,
  applyTopics,
  planTopics,
  type TopicsOptions,
  wantedTopics,
} from './kafka/manage-topics.ts'
export { Names } from './kafka/names.ts'
export type { KeptSchemaIds, SchemaIds } from './kafka/schema-ids.ts'
export { shortRetention } from './kafka/short-retention.ts'
export type { TopicChange } from './kafka/topic-plan.ts'
export type { TopicSettings } from './kafka/topics.ts'

export {
  type MigrationDeps,
  type MigrationOptions,
  type MigrationReport,
  type MovedFoundation,
  migrateToKafka,
} from './migrate/migrate-to-kafka.ts'
export { movedFoundations } from './migrate/moved-foundations.ts'
