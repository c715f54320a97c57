import { type Config, type MisspeltVariable, misspeltSentence } from '@cf-audit-drain/config'
import type { EventLog } from '@cf-audit-drain/log'
import { hasUnmovedLog, openEmbeddedLog } from '@cf-audit-drain/log'
import { systemClock } from '@cf-audit-drain/pipeline'
import { createLogger, type Logger } from '@cf-audit-drain/runtime'
import { type Arguments, UsageError } from './arguments.ts'
import { startDemo } from './demo.ts'
import { lostFoundations } from './lost-foundations.ts'
import { print, terminalColumns } from './print.ts'
import { random } from './random.ts'
import { makeSyslogSink } from './sinks.ts'
import { start } from './start.ts'

/** `start` with a configuration: polls and delivers until stopped. `config` is this process's part of the `whole`. */
export async function startConfigured(
  config: Config,
  whole: Config,
  given: Arguments,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  if (given.forgetSink !== undefined) await forgetSink(config, given.forgetSink, logger)
  if (config.sinks.length === 0 && given.command === 'start')
    logger.warn('no sink is configured: events are kept in the log, and go nowhere (SINK_URL)')
  const startAnew =
    given.overrides['start-from'] === undefined ? [] : await lostFoundations(config, logger, signal)
  await start(
    {
      config,
      logger,
      random,
      makeSink: sink => makeSyslogSink(sink, { clock: systemClock, logger }),
      untilCaughtUp: given.untilCaughtUp,
      startAnew,
      acceptRights: given.acceptRights,
      onPolling: unmovedLogWarning(config, logger),
      configuredSinks: whole.sinks.map(({ name }) => name),
      configuredFoundations: whole.foundations.map(({ name }) => name),
    },
    signal,
  )
}

/** Not before polling begins: of a log that was moved by half Kafka says that, and nothing is polled. */
function unmovedLogWarning({ log: { kafka, dir }, foundations }: Config, logger: Logger): () => void {
  let isUntold = kafka !== null && foundations.length > 0 && hasUnmovedLog(dir)
  return () => {
    if (!isUntold) return
    isUntold = false
    logger.warn(
      `the log is on Kafka, and in ${dir} lies one that was not moved there: what it holds is read and sent again. ` +
        'To go on from it, end this and run cf-audit-drain migrate to a log.kafka.prefix to which nothing was polled yet (README, "Moving over")',
    )
  }
}

async function forgetSink(config: Config, name: string, logger: Logger): Promise<void> {
  if (config.sinks.some(sink => sink.name === name))
    throw new UsageError(
      `--forget-sink ${name}: that sink is configured; remove it from the configuration first`,
    )
  if (config.log.kafka !== null)
    throw new UsageError(
      '--forget-sink is for the embedded log: on Kafka delete the consumer group of the sink (kafka-consumer-groups --delete)',
    )
  const log = await openEmbeddedLog({ dir: config.log.dir, clock: systemClock })
  const forgotten = await log.forgetSink(name).finally(() => log.close())
  if (!forgotten) throw new UsageError(`--forget-sink ${name}: the log knows no sink of that name`)
  logger.info({ sink: name }, 'forgot the place of this sink')
}

/** `start` without a foundation: a simulated one, and a receiver that prints what a SIEM would see. */
export async function startSimulated(
  config: Config,
  given: Arguments,
  misspelt: readonly MisspeltVariable[],
  signal: AbortSignal,
): Promise<void> {
  const guesses = misspelt.map(misspeltSentence)
  if (given.dryRun)
    throw new UsageError(
      ['--dry-run needs a foundation: set CF_API and its client, or name a --config.', ...guesses].join(' '),
    )
  await print(
    'No foundation is configured (CF_API, or --config): this is a simulated one, with a receiver that prints',
  )
  await print('what a SIEM would see. Nothing leaves this machine; Ctrl-C ends it.')
  for (const guess of guesses) await print(guess.replace(/^d/, 'D'))
  const clock = systemClock
  const startedMs = clock.monotonic()
  const demo = await startDemo(config, clock, 26)
  const done = new AbortController()
  const running = AbortSignal.any([signal, done.signal])
  try {
    await print(seeWhole(demo.config.log.dir))
    const live = demo.liven(running)
    const logger = createLogger({ level: 'error', destination: 'stderr' })
    const onCaughtUp = async (log: EventLog) => {
      demo.receiver.quiet = false
      await print(await summary(log, demo.receiver.received, clock.monotonic() - startedMs))
    }
    const onListening = (url: string) =>
      print(`status, metrics and health: ${url}/status ${url}/metrics ${url}/readyz\n`)
    const makeSink = (sink: Config['sinks'][number]) => makeSyslogSink(sink, { clock, logger })
    const { untilCaughtUp } = given
    await start(
      { config: demo.config, logger, random, makeSink, untilCaughtUp, onCaughtUp, onListening },
      running,
    )
    done.abort(new Error('done'))
    await live
  } finally {
    done.abort(new Error('done'))
    await demo.close()
  }
}

/** How to see an event whole: in a terminal its line is cut. */
function seeWhole(dir: string): string {
  const how =
    terminalColumns() === null
      ? 'One event with all its data, from another terminal:'
      : 'Lines are cut to the width of this terminal, … marks where. Whole: npm start | cat, or, from another one,'
  return `${how}\nnpx cf-audit-drain events --data-dir ${dir} --limit 1 --json\n`
}

/** One line of counts at the end of the backfill. */
async function summary(log: EventLog, received: number, tookMs: number): Promise<string> {
  const tallies = await log.tallies()
  const total = (type?: string) =>
    tallies
      .filter(tally => type === undefined || tally.type === type)
      .reduce((sum, { count }) => sum + count, 0)
  const types = new Set(tallies.map(({ type }) => type)).size
  return (
    `\nBackfill done in ${(tookMs / 1000).toFixed(1)} s: ${total()} events of ${types} types in the log, ${received} at the receiver, ` +
    `${total('audit.app.ssh-unauthorized')} of them ssh-unauthorized. New events follow as they happen:\n`
  )
}
