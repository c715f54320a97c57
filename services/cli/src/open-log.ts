import type { Config } from '@cf-audit-drain/config'
import { type EventLog, openEmbeddedLog } from '@cf-audit-drain/log'
import type { SchemaIds } from '@cf-audit-drain/log/kafka'
import type { Clock } from '@cf-audit-drain/pipeline'
import type { Logger } from '@cf-audit-drain/runtime'
import { kafkaObserver } from './kafka-observer.ts'
import { kafkaOptions } from './kafka-options.ts'

interface WritingOptions {
  readonly startAnew?: readonly string[] | undefined
  /** Those of the whole configuration; default: of `config`. */
  readonly foundations?: readonly string[] | undefined
  readonly schemaIds?: SchemaIds | null
}

/** The log that the configuration asks for. `read`: for looking into it, beside whoever writes. */
export async function openLog(
  config: Config,
  deps: { readonly clock: Clock; readonly logger: Logger | null },
  mode: 'write' | 'read' = 'write',
  { startAnew = [], schemaIds = null, foundations }: WritingOptions = {},
): Promise<EventLog> {
  const { kafka, dir } = config.log
  if (kafka === null) return openEmbeddedLog({ dir, clock: deps.clock, mode })
  const { openKafkaLog } = await import('@cf-audit-drain/log/kafka')
  const logger = deps.logger?.child({ component: 'kafka' })
  if (mode === 'write' && kafka.delivery === 'at-least-once')
    logger?.warn(
      { delivery: kafka.delivery },
      'delivery is at least once, as configured: two pollers that write at once may double events (docs/decisions/0007)',
    )
  return openKafkaLog(
    {
      ...kafkaOptions(
        kafka,
        { mode, waits: mode === 'read' ? 'person' : 'machine' },
        { clock: deps.clock, warn: sentence => logger?.warn(sentence) },
      ),
      startAnew,
      schemaIds,
      foundations: foundations ?? config.foundations.map(({ name }) => name),
      onLog: ({ level, namespace, message }) => logger?.[level]({ namespace }, message),
    },
    {
      clock: deps.clock,
      observer: kafkaObserver(logger),
    },
  )
}
