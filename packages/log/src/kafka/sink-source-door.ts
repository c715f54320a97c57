import type { Clock } from '@cf-audit-drain/pipeline'
import type { SourceObserver } from '../ports.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { Settings } from './kafka-options.ts'
import type { Names } from './names.ts'
import type { KafkaSinkSource } from './sink-source.ts'
import type { TopicsDoor } from './sink-topics.ts'

export interface SinkSourceDoor extends TopicsDoor {
  readonly client: KafkaClient
  readonly names: Names
  readonly settings: Settings
  readonly clock: Clock
  /** @throws KafkaUnavailableError when this sink may not join its group, with how to let it */
  requireRights(): Promise<void>
  /** A refusal of the brokers with what is lacking of one topic, or of all that are read when it is null; any other error as it is. */
  explain(error: Error, topic: string | null, all: ReadonlySet<string>): Promise<Error>
  claim(sink: string, source: KafkaSinkSource): void
  release(sink: string, source: KafkaSinkSource): void
  readonly observer: SinkSourceObserver
}

export interface SinkSourceObserver extends SourceObserver {
  /** In one sentence: what was waited for is there. */
  begun?(sentence: string): void
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

/** What is told of all sinks, and of one to whoever reads for it. */
export function sinkObserver(ofAll: SinkSourceObserver = {}, own: SourceObserver = {}): SinkSourceObserver {
  return {
    ...ofAll,
    deliveredTwice: records => {
      ofAll.deliveredTwice?.(records)
      own.deliveredTwice?.(records)
    },
    interrupted: troubles => {
      ofAll.interrupted?.(troubles)
      own.interrupted?.(troubles)
    },
  }
}
