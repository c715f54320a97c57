import type { Config } from '@cf-audit-drain/config'
import type { TopicChange } from '@cf-audit-drain/log/kafka'
import { systemClock } from '@cf-audit-drain/pipeline'
import { type ExitCode, exitCodes, type Logger } from '@cf-audit-drain/runtime'
import { type TopicsArguments, UsageError } from './arguments.ts'
import { kafkaOptions, topicSettings } from './kafka-options.ts'
import { print, say } from './print.ts'

/**
 * `topics plan` and `topics apply`. Prints one line a difference. Resolves to `different` when something is not as it
 * is wanted afterwards.
 */
export async function manageTopics(
  config: Config,
  { action, allowLower }: TopicsArguments,
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
    kafka: {
      ...kafkaOptions(kafka, 'read', { clock: systemClock, warn: sentence => logger.warn(sentence) }),
      // Often called right after the brokers were started.
      waitsForBrokers: action === 'apply',
    },
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
  for (const change of done) await print(`done: ${textOf(change)}`)
  for (const change of left) await print(lineOf(change, action))
  if (done.length + left.length === 0) await print(`nothing to do: ${wanted.length} topics are as wanted`)
  return left.length === 0 ? exitCodes.ok : exitCodes.different
}

function textOf({ kind, topic, text }: TopicChange): string {
  return kind === 'make' ? `make ${topic}: ${text}` : `${topic}: ${text}`
}

/** With what is wrong as long as it is not done. */
function todoOf(change: TopicChange): string {
  const harm = 'harm' in change && change.harm !== null ? ` (as it is, ${change.harm})` : ''
  return `${textOf(change)}${harm}`
}

/** What `apply` would do by itself, or why it does not. */
function lineOf(change: TopicChange, action: TopicsArguments['action']): string {
  if (change.kind === 'make' || change.kind === 'raise') return `to do: ${todoOf(change)}`
  const { topic, kind, because, command } = change
  const allow = kind === 'lower' ? `cf-audit-drain topics apply --allow-lower ${topic}, or ` : ''
  const verdict = action === 'plan' ? 'will not be done' : 'not done'
  return `${verdict}: ${todoOf(change)}, because ${because}; do: ${allow}${command}`
}
