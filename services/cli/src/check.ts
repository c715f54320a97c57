import { type Config, type MisspeltVariable, misspeltSentence, type SinkConfig } from '@cf-audit-drain/config'
import { type Clock, deadline, type Random, systemClock } from '@cf-audit-drain/pipeline'
import { type ExitCode, exitCodes, type Logger } from '@cf-audit-drain/runtime'
import type { CheckedPart } from './arguments.ts'
import { checkFoundation, foundationEnd } from './check-foundation.ts'
import { checkLog } from './check-log.ts'
import { checkSchemaRegistry, registryEnd } from './check-schema-registry.ts'
import { type Finding, failed, renderFinding, tried } from './finding.ts'
import { kafkaOptions, topicSettings } from './kafka-options.ts'
import { print } from './print.ts'
import { makeSyslogSink } from './sinks.ts'

interface CheckDeps {
  readonly logger: Logger
  readonly random: Random
  readonly misspelt: readonly MisspeltVariable[]
  /** What this login is to do; only the ends of that part are tried. */
  readonly part: CheckedPart
  readonly clock?: Clock
}

const sinkTimeoutMs = 20_000

/**
 * `cf-audit-drain check`: tries every end of a configuration that has no fault and says of each what works, grouped by
 * end. Sends no event and changes nothing. Resolves to what the process should end with: `start` would end with the
 * same for a log it cannot use.
 */
export async function check(config: Config, deps: CheckDeps, signal: AbortSignal): Promise<ExitCode> {
  const width = endWidth(config)
  const codes: ExitCode[] = []
  const report = async (findings: readonly Finding[]) => {
    for (const finding of findings) await print(renderFinding(finding, width))
    codes.push(...findings.flatMap(({ code }) => (code === undefined ? [] : [code])))
  }
  const clock = deps.clock ?? systemClock
  await report(configurationFindings(deps.misspelt))
  const { part } = deps
  const polls = part === 'start' || part === 'poller'
  const delivers = part === 'start' || part === 'sink'
  const foundations = (polls ? config.foundations : []).map(one =>
    checkFoundation(one, { ...deps, clock }, signal),
  )
  const sinks = (delivers ? config.sinks : []).map(one =>
    tried(sinkEnd(one), () => checkSink(one, { logger: deps.logger, clock }, signal)),
  )
  for (const foundation of foundations) await report(await foundation)
  if (polls && foundations.length === 0)
    await report([note('foundation', '`start` would show a simulated one')])
  // Nobody else is waiting for an answer when the log, which blocks the process, is read.
  const ofSinks = await Promise.all(sinks)
  await report(await checkAnyLog(config, { ...deps, clock }))
  if (part !== 'sink') await report(await checkSchemaRegistry(config, { logger: deps.logger, clock }, signal))
  await report(delivers && sinks.length === 0 ? [note('sink', 'events would stay in the log')] : ofSinks)
  return codes.includes(exitCodes.log) ? exitCodes.log : (codes[0] ?? exitCodes.ok)
}

async function checkAnyLog(
  { log, foundations, sinks }: Config,
  { part, logger, clock }: CheckDeps & { readonly clock: Clock },
): Promise<readonly Finding[]> {
  const { kafka } = log
  if (kafka === null) return [await tried('log', () => checkLog(log.dir, clock))]
  const { checkKafkaLog } = await import('@cf-audit-drain/log/kafka')
  const found = await checkKafkaLog(
    {
      kafka: kafkaOptions(
        kafka,
        { mode: 'write', waits: 'person' },
        { clock, warn: sentence => logger.warn(sentence) },
      ),
      foundations: foundations.map(({ name }) => name),
      polls: part !== 'sink' && part !== 'topics',
      sinks: part === 'poller' || part === 'topics' ? [] : sinks.map(({ name }) => name),
      managesTopics: part === 'topics',
      topics: topicSettings(kafka),
    },
    clock,
  )
  return found.map(one => (one.verdict === 'FAIL' ? failed('log', one.error) : { ...one, end: 'log' }))
}

function endWidth({ foundations, sinks, log }: Config): number {
  const ends = [
    'configuration',
    ...foundations.map(one => foundationEnd(one, 'Cloud Controller')),
    ...sinks.map(sinkEnd),
    ...(log.kafka?.schemaRegistry ? [registryEnd] : []),
  ]
  return Math.max(...ends.map(({ length }) => length))
}

const sinkEnd = ({ name }: SinkConfig) => `sink ${name}`

function configurationFindings(misspelt: readonly MisspeltVariable[]): readonly Finding[] {
  const end = 'configuration'
  return [
    { verdict: 'ok', end, text: 'no fault' },
    ...misspelt.map((one): Finding => ({ verdict: 'WARN', end, text: misspeltSentence(one) })),
  ]
}

function note(end: string, what: string): Finding {
  return { verdict: 'note', end, text: `none is configured: ${what}` }
}

async function checkSink(
  config: SinkConfig,
  deps: { readonly logger: Logger; readonly clock: Clock },
  signal: AbortSignal,
): Promise<string> {
  const sink = makeSyslogSink(config, deps)
  try {
    const { connectMs, confirmMs, tls } = await sink.check(deadline(sinkTimeoutMs, signal))
    const secured = tls
      ? `${tls.protocol} with ${tls.serverSubject}, certificate valid until ${tls.serverValidTo}, `
      : ''
    return `${config.url}, ${secured}connected in ${connectMs.toFixed(1)} ms, end of connection answered in ${confirmMs.toFixed(1)} ms (no event was sent)`
  } finally {
    await sink.close()
  }
}
