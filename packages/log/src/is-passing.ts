import { KafkaUnavailableError } from './kafka/kafka-error.ts'
import { LogStorageError } from './log-error.ts'

/** Whether time may mend it: a full disk, brokers that are away. Then the same thing is tried again. */
export function isPassing(error: unknown): boolean {
  return error instanceof LogStorageError || error instanceof KafkaUnavailableError
}
