import { KafkaStateError, namesOf, typesOf } from './kafka-error.ts'

/** What brokers answer who have no transactions, or none for this login. Time mends none of it. */
const refusals = new Set(['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'UNSUPPORTED_VERSION'])
/** kafkajs' own, for a broker that does not list the request at all. */
const unknownRequest = 'KafkaJSServerDoesNotSupportApiKey'

/** For an operator whose Kafka refuses transactions; null for any other error. */
export function transactionsRefused(transactionalId: string, error: unknown): KafkaStateError | null {
  const refusal =
    typesOf(error).find(type => refusals.has(type)) ?? namesOf(error).find(name => name === unknownRequest)
  if (refusal === undefined) return null
  return new KafkaStateError(
    `Kafka refuses transactions for the transactional id ${transactionalId} (${refusal}): allow this login Write and ` +
      'Describe on it, or set log.kafka.delivery: at-least-once (KAFKA_DELIVERY) where Kafka has no transactions',
    { cause: error },
  )
}
