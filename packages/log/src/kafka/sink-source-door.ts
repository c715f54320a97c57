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
  /** Aborted when nothing is to be waited for any more that would settle what was delivered. */
  readonly settleBy: AbortSignal
}

export interface SinkSourceObserver extends SourceObserver {
  /** In one sentence: what was waited for is there. */
  begun?(sentence: string): void
  /** Its place is not in the topic any more; it goes on at the oldest record, `to`. */
  outOfRange?(passed: {
    readonly sink: string
    readonly topic: string
    readonly foundation: string
    /** Before `to`: the records between are lost to it. Behind it: the topic ended before that place. */
    readonly from: bigint
    readonly to: bigint
  }): void
  /** Its group knows no place for a foundation: it never had one, or the brokers have forgotten it. */
  beginsAtOldest?(beginning: {
    readonly sink: string
    readonly group: string
    readonly foundation: string
    readonly offset: bigint
    /** At most so many come: offsets may be left out. */
    readonly records: bigint
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
    outOfRange: passed => {
      ofAll.outOfRange?.(passed)
      const { foundation, from, to } = passed
      if (from < to) own.lost?.({ foundation, from: Number(from), to: Number(to) })
    },
    reads: foundations => own.reads?.(foundations),
    interrupted: troubles => {
      ofAll.interrupted?.(troubles)
      own.interrupted?.(troubles)
    },
  }
}
