import { type Config, misspeltSentence, misspeltVariables } from '@cf-audit-drain/config'
import { systemClock } from '@cf-audit-drain/pipeline'
import {
  createLogger,
  type ExitCode,
  endPrinted,
  endProcess,
  exitCodes,
  type Logger,
  runMain,
} from '@cf-audit-drain/runtime'
import { type Arguments, readArguments } from './arguments.ts'
import { check } from './check.ts'
import { compareTheApis } from './compare-apis.ts'
import { readConfiguration } from './configuration.ts'
import { dryRun } from './dry-run.ts'
import { printEvents } from './events.ts'
import { exitCodeOf } from './exit-code-of.ts'
import { printLedger } from './ledger.ts'
import { migrate } from './migrate.ts'
import { openLog } from './open-log.ts'
import { partOf } from './part-of.ts'
import { print, say } from './print.ts'
import { random } from './random.ts'
import { manageSchemas } from './schemas.ts'
import { startConfigured, startSimulated } from './start-command.ts'
import { manageTopics } from './topics.ts'
import { usage } from './usage.ts'
import { version } from './version.ts'

// `events | head`: who reads has enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  endProcess(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failed)
})

try {
  await main(readArguments(process.argv.slice(2)))
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  await endPrinted(exitCodeOf(error) ?? exitCodes.failed)
}

async function main(given: Arguments): Promise<void> {
  if (given.command === 'help') return print(usage)
  if (given.command === 'version') return print(`cf-audit-drain ${version} (Node ${process.versions.node})`)
  const whole = readConfiguration(given)
  const config = partOf(given.command, whole)
  if (given.command === 'events') {
    const log = await openLog(config, { clock: systemClock, logger: null }, 'read')
    await printEvents(log, given.query).finally(() => log.close())
    return
  }
  if (given.command === 'ledger') {
    const log = await openLog(config, { clock: systemClock, logger: null }, 'read')
    return endPrinted(await printLedger(log, given.ledger).finally(() => log.close()))
  }
  const { level } = config.logging
  if (given.topics !== undefined)
    return endPrinted(await manageTopics(config, given.topics, quietLogger(level)))
  const { schemas } = given
  if (schemas !== undefined)
    return running(quietLogger(level), config.shutdownTimeoutMs, signal =>
      manageSchemas(config, schemas, signal),
    )
  const misspelt = given.config === undefined ? misspeltVariables(process.env) : []
  if (given.command === 'check') {
    const logger = quietLogger(level)
    return running(logger, config.shutdownTimeoutMs, signal =>
      check(config, { logger, random, misspelt, part: given.checkFor }, signal),
    )
  }
  const { compare } = given
  if (compare !== undefined) {
    const logger = quietLogger(level)
    return running(logger, config.shutdownTimeoutMs, signal =>
      compareTheApis(config, compare, { logger, random }, signal),
    )
  }
  if (given.command === 'migrate') {
    const logger = createLogger({ level, destination: 'stderr' })
    return running(logger, config.shutdownTimeoutMs, signal => migrate(config, given.dryRun, logger, signal))
  }
  const logger = createLogger({ level, destination: given.dryRun ? 'stderr' : 'stdout' })
  return running(logger, config.shutdownTimeoutMs, async signal => {
    if (given.command === 'start' && config.foundations.length === 0) {
      await startSimulated(config, given, misspelt, signal)
      return exitCodes.ok
    }
    if (misspelt.length > 0) logger.warn(misspelt.map(misspeltSentence).join(' '))
    if (given.dryRun) await dryRun(config, { logger, random }, signal)
    else await startConfigured(config, whole, given, logger, signal)
    return exitCodes.ok
  })
}

/** For commands that print findings of their own. */
function quietLogger(level: Config['logging']['level']): Logger {
  return createLogger({ level: level === 'info' ? 'error' : level, destination: 'stderr' })
}

function running(
  logger: Logger,
  shutdownTimeoutMs: number,
  work: (signal: AbortSignal) => Promise<ExitCode>,
): Promise<never> {
  const explained = async (signal: AbortSignal): Promise<ExitCode> => {
    try {
      return await work(signal)
    } catch (error) {
      const code = exitCodeOf(error)
      if (code === undefined) throw error
      // The operator's own to mend: one sentence, without a stack.
      logger.fatal((error as Error).message)
      return code
    }
  }
  return runMain(explained, { logger, shutdownTimeoutMs })
}
