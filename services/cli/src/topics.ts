import type { Config } from '@cf-audit-drain/config'
import { systemClock } from '@cf-audit-drain/pipeline'
import { type ExitCode, exitCodes, type Logger } from '@cf-audit-drain/runtime'
import { type TopicsArguments, UsageError } from './arguments.ts'
import { kafkaOptions, topicSettings } from './kafka-options.ts'
import { print, say } from './print.ts'
import { doneLine, leftLine } from './topic-change-line.ts'

/**
 * `topics plan` and `topics apply`. Prints one line a difference. Resolves to `different` when something is not as it
 * is wanted afterwards.
 */
export async function manageTopics(
  config: Config,
  { action, allowLower, configFile }: TopicsArguments,
  logger: Logger,
): Promise<ExitCode> {
  const { kafka } = config.log
  if (kafka === null)
    throw new UsageError('topics are of a log on Kafka: set KAFKA_BROKERS, or log.kafka in the --config')
  if (config.foundations.length === 0)
    throw new UsageError(
      'topics needs to know the foundations: set CF_API and its client, or name a --config',
    )
  if (action === 'plan' && allowLower.length > 0)
    throw new UsageError('--allow-lower is for topics apply: plan changes nothing')
  const { applyTopics, planTopics, shortRetention, wantedTopics } = await import('@cf-audit-drain/log/kafka')
  const options = {
    kafka: kafkaOptions(
      kafka,
      { mode: 'read', waits: 'person' },
      { clock: systemClock, warn: sentence => logger.warn(sentence) },
    ),
    foundations: config.foundations.map(({ name }) => name),
    settings: topicSettings(kafka),
  }
  const wanted = [...wantedTopics(options).keys()]
  const unknown = allowLower.filter(topic => !wanted.includes(topic))
  if (unknown.length > 0)
    throw new UsageError(`--allow-lower ${unknown.join(', ')}: the topics are ${wanted.join(', ')}`)

  const tooShort = shortRetention(options.settings)
  if (tooShort !== null) say(`warning: ${tooShort}`)
  const { done, left } =
    action === 'plan'
      ? { done: [], left: await planTopics(options, systemClock) }
      : await applyTopics(options, new Set(allowLower), systemClock)
  for (const change of done) await print(doneLine(change))
  for (const change of left) await print(leftLine(change, action, configFile))
  if (done.length + left.length === 0) await print(`nothing to do: ${wanted.length} topics are as wanted`)
  return left.length === 0 ? exitCodes.ok : exitCodes.different
}
