import type { Config } from '@cf-audit-drain/config'
import { type Arguments, UsageError } from './arguments.ts'

/**
 * What one process of several does: `poller` delivers nothing, `sink` polls nothing; any other command has all of it.
 * They meet in a log on Kafka; the embedded log is for one process.
 *
 * @throws UsageError
 */
export function partOf(command: Arguments['command'], config: Config): Config {
  if (command === 'migrate' && config.log.kafka === null)
    throw new UsageError('migrate carries the embedded log into Kafka: set KAFKA_BROKERS or log.kafka')
  if (command !== 'poller' && command !== 'sink') return config
  if (config.log.kafka === null)
    throw new UsageError(
      `${command} is one of several processes that share a log on Kafka: set KAFKA_BROKERS or log.kafka, or use start`,
    )
  if (command === 'poller') {
    if (config.foundations.length === 0)
      throw new UsageError('poller needs a foundation: set CF_API and its client, or name a --config')
    return { ...config, sinks: [] }
  }
  if (config.sinks.length === 0) throw new UsageError('sink needs a sink: set SINK_URL, or name a --config')
  return { ...config, foundations: [] }
}
