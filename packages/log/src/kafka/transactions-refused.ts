import { KafkaStateError, KafkaUnavailableError, namesOf, typesOf } from './kafka-error.ts'
import type { TransactionsRefusedError } from './missing-rights.ts'
import { withoutTransactions } from './refused.ts'

/** kafkajs' own, for a broker that does not list the request at all. */
const unknownRequest = 'KafkaJSServerDoesNotSupportApiKey'

/** Transactions of one id are refused, or not to be had just now. */
export class TransactionsAwayError extends KafkaUnavailableError {}

/** Brokers that do not know them never will; any other refusal a cluster that has just come up gives for a moment, too. */
export function transactionsRefused(
  error: TransactionsRefusedError,
): KafkaStateError | TransactionsAwayError {
  const areUnknown = typesOf(error).includes('UNSUPPORTED_VERSION') || namesOf(error).includes(unknownRequest)
  if (areUnknown)
    return new KafkaStateError(
      `this Kafka knows no transactions (${error.message}): ${withoutTransactions}`,
      {
        cause: error,
      },
    )
  return new TransactionsAwayError(
    `this Kafka refuses transactions (${error.message}): on a cluster of your own its topic __transaction_state cannot be made or has no leader ` +
      `(transaction.state.log.replication.factor is 3 unless set, so it takes three brokers); ${withoutTransactions}`,
    { cause: error },
  )
}
