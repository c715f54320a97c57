import { type AbortedTransaction, notAborted, type RawRecord } from './aborted-records.ts'
import { putIntoKafkajs } from './pinned-kafkajs.ts'

interface Fetched {
  readonly messages: readonly RawRecord[]
  readonly abortedTransactions?: readonly AbortedTransaction[] | null
}

/**
 * kafkajs' consumers deliver records of aborted transactions: their filter takes the aborts in the order in which they
 * ended, and one at a time. Ours stands in its place; `Batch` takes the control records out after it, as before.
 */
putIntoKafkajs('src/consumer/filterAbortedMessages.js', ({ messages, abortedTransactions }: Fetched) =>
  notAborted(messages, abortedTransactions ?? null),
)
