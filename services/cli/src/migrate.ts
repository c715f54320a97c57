import type { Config } from '@cf-audit-drain/config'
import { FencedError, KafkaUnavailableError, LogMovedError } from '@cf-audit-drain/log'
import type { MigrationReport, MovedFoundation } from '@cf-audit-drain/log/kafka'
import { systemClock } from '@cf-audit-drain/pipeline'
import { type ExitCode, exitCodes, type Logger } from '@cf-audit-drain/runtime'
import { UsageError } from './arguments.ts'
import { kafkaOptions } from './kafka-options.ts'
import { print } from './print.ts'
import { stepsAfterMigration } from './steps-after-migration.ts'

const progressEveryMs = 2_000

/** `cf-audit-drain migrate`: carries the log in the data directory into Kafka, and says in the end what is there. */
export async function migrate(
  config: Config,
  dryRun: boolean,
  logger: Logger,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { dir, kafka } = config.log
  if (kafka === null) throw new UsageError('migrate needs KAFKA_BROKERS or log.kafka')
  const { migrateToKafka, movedFoundations } = await import('@cf-audit-drain/log/kafka')
  try {
    const report = await migrateToKafka(
      {
        dir,
        dryRun,
        kafka: {
          ...kafkaOptions(
            kafka,
            { mode: 'write', waits: 'machine' },
            { clock: systemClock, warn: sentence => logger.warn(sentence) },
          ),
          onLog: ({ level, namespace, message }) => logger[level]({ namespace }, message),
        },
      },
      {
        clock: systemClock,
        onProgress: progressLines(logger),
        onStage: stage => logger.info({ stage }, stages[stage]),
      },
      signal,
    )
    await printReport(report, config, dryRun)
    return exitCodes.ok
  } catch (error) {
    if (error instanceof LogMovedError)
      for (const one of movedFoundations(dir)) await print(foundationLine(one, false))
    if (signal.aborted) {
      logger.fatal(`stopped before the end. ${again}`)
      return exitCodes.failed
    }
    if (!(error instanceof KafkaUnavailableError) && !(error instanceof FencedError)) throw error
    logger.fatal(`${error.message}. ${again}`)
    return exitCodes.unreachable
  }
}

const again = 'Nothing is lost: run migrate again, and it goes on where it stopped'
const unconfigured = '; it is in the log and not in this configuration'

const stages = {
  begun: 'a mark in Kafka keeps pollers and sinks from beginning there',
  copied: 'everything is in Kafka; it is read back and compared',
  compared: 'Kafka holds exactly what the log holds',
  marked: 'the log in the data directory is marked as moved; the checkpoints follow',
  finished: 'the move is finished',
} as const

function progressLines(logger: Logger) {
  let saidMs = -Infinity
  return (foundation: string, records: number, of: number) => {
    const nowMs = systemClock.monotonic()
    if (nowMs - saidMs < progressEveryMs && records < of) return
    saidMs = nowMs
    logger.info({ foundation, records, of }, 'copying')
  }
}

async function printReport(report: MigrationReport, config: Config, dryRun: boolean): Promise<void> {
  if (report.made.length > 0)
    await print(`topics ${dryRun ? 'that would be made' : 'made'}: ${report.made.join(', ')}`)
  for (const one of report.foundations) {
    const isConfigured = config.foundations.some(({ name }) => name === one.foundation)
    await print(`${foundationLine(one, dryRun)}${isConfigured ? '' : unconfigured}`)
  }
  for (const { sink, lag } of report.sinks) {
    const isConfigured = config.sinks.some(({ name }) => name === sink)
    await print(
      `sink ${sink}: ${lag} records wait${dryRun ? '' : ' in Kafka'}${isConfigured ? '' : unconfigured}`,
    )
  }
  for (const { name } of config.sinks)
    if (!report.sinks.some(({ sink }) => sink === name))
      await print(`sink ${name}: not in this log; on Kafka it would begin with the oldest event`)
  await print(dryRun ? 'Nothing was changed.' : stepsAfterMigration(config.log.dir))
}

function foundationLine(one: MovedFoundation, dryRun: boolean): string {
  const { foundation, events, remembered, total, deadLetters, before, digest } = one
  const parts = [
    `${events} events`,
    ...(remembered > 0 ? [`${remembered} pruned ones by their guid`] : []),
    `${total} ever counted`,
    `${deadLetters} dead letters`,
    ...(before > 0 ? [`${before} records were in Kafka already`] : []),
    ...(digest === null ? [] : [`sha256 ${digest}`]),
  ]
  return `foundation ${foundation}${dryRun ? ' (to be moved)' : ''}: ${parts.join(', ')}`
}
