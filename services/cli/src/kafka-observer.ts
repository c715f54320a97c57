import type { KafkaLogDeps } from '@cf-audit-drain/log/kafka'
import type { Logger } from '@cf-audit-drain/runtime'

/** Makes log lines of what a log on Kafka tells. */
export function kafkaObserver(logger: Logger | undefined): NonNullable<KafkaLogDeps['observer']> {
  return {
    warn: sentence => logger?.warn(sentence),
    begun: sentence => logger?.info(sentence),
    failed: error => logger?.warn({ reason: error.message }, 'Kafka failed; it is tried again'),
    outOfRange: ({ sink, topic, foundation, from, to }) =>
      logger?.error(
        { sink, foundation, topic, from: String(from), to: String(to) },
        from < to
          ? 'LOST for this sink: retention removed records that it had not had; going on at the oldest there is'
          : 'the topic ends before the place of this sink: it was made anew, or has lost its end; going on at the oldest there is, and what was delivered before may come again',
      ),
    beginsAtOldest: ({ sink, group, foundation, offset, records }) =>
      logger?.[records > 0n ? 'warn' : offset > 0n ? 'info' : 'debug'](
        { sink, group, foundation, offset: String(offset), recordsAtMost: String(records) },
        'no place of this sink is known in its group: it begins at the oldest record there is, and what it delivered before, if it did, comes again',
      ),
    deliveredTwice: deliveredAgain =>
      logger?.warn(
        { deliveredAgain },
        'these are delivered again: their foundation went to another worker, or this one stopped, before they were settled',
      ),
  }
}
