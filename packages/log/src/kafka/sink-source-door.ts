import type { Clock } from '@cf-audit-drain/pipeline'
import type { SourceObserver } from '../ports.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { Settings } from './kafka-options.ts'
import type { Names } from './names.ts'
import type { KafkaSinkSource } from './sink-source.ts'

export interface SinkSourceDoor {
  readonly client: KafkaClient
  readonly names: Names
  readonly settings: Settings
  readonly clock: Clock
  /** Topics of events that exist now. */
  eventTopics(): Promise<readonly string[]>
  /** @throws KafkaUnavailableError with what this sink may not, and how to give it */
  requireRights(): Promise<void>
  /** A refusal of the brokers with what is lacking, any other error as it is. */
  explain(error: Error): Promise<Error>
  claim(sink: string, source: KafkaSinkSource): void
  release(sink: string, source: KafkaSinkSource): void
  readonly observer: SinkSourceObserver
}

export interface SinkSourceObserver extends SourceObserver {
  /** Retention removed records that this sink had not had: an event is lost to it. */
  outOfRange?(lost: {
    readonly sink: string
    readonly topic: string
    readonly from: bigint
    readonly to: bigint
  }): void
  /** Once for each trouble, however often what it keeps from working is tried. */
  failed?(error: Error): void
}
