import { existsSync } from 'node:fs'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Config, FoundationConfig, SinkConfig } from '@cf-audit-drain/config'
import { checkEmbeddedLog, LogMissingError } from '@cf-audit-drain/log'
import { type Clock, deadline, type Random, systemClock } from '@cf-audit-drain/pipeline'
import type { Logger } from '@cf-audit-drain/runtime'
import { controllerOf } from './foundations.ts'
import { print } from './print.ts'
import { makeSyslogSink } from './sinks.ts'

interface CheckDeps {
  readonly logger: Logger
  readonly random: Random
  readonly clock?: Clock
}

const foundationTimeoutMs = 30_000
const sinkTimeoutMs = 20_000

/**
 * `cf-audit-drain check`: tries every end of a configuration that has no fault and says of each what works. Sends no
 * event and changes nothing. Resolves to whether everything works.
 */
export async function check(config: Config, deps: CheckDeps, signal: AbortSignal): Promise<boolean> {
  await print('ok    configuration')
  if (config.foundations.length === 0)
    await print('note  no foundation is configured: `start` would show a simulated one')
  if (config.sinks.length === 0) await print('note  no sink is configured: events would stay in the log')
  const results = [
    await report(`log ${config.log.dir}`, () => checkLog(config.log.dir)),
    ...(await Promise.all([
      ...config.foundations.map(one => checkFoundation(one, deps, signal)),
      ...config.sinks.map(one => report(`sink ${one.name} ${one.url}`, () => checkSink(one, deps, signal))),
    ])),
  ]
  return results.every(Boolean)
}

async function report(what: string, attempt: () => Promise<string>): Promise<boolean> {
  try {
    await print(`ok    ${what}: ${await attempt()}`)
    return true
  } catch (error) {
    await print(`FAIL  ${what}: ${sentenceOf(error as Error)}`)
    return false
  }
}

function sentenceOf(error: Error): string {
  return error.name === 'TimeoutError'
    ? 'no answer in time: it accepts connections and does not answer; look at what is between, and at its own log'
    : error.message
}

async function checkLog(dir: string): Promise<string> {
  try {
    const { events, sizeBytes, newestCreatedAtSec, problems } = await checkEmbeddedLog(dir)
    if (problems.length > 0) throw new Error(`damaged: ${problems.join('; ')}`)
    await existingParent(resolve(dir))
    const newest =
      newestCreatedAtSec === null
        ? ''
        : `, the newest of ${new Date(newestCreatedAtSec * 1000).toISOString()}`
    return `sound, ${events} events${newest}, ${Math.ceil(sizeBytes / 1024)} KiB`
  } catch (error) {
    if (!(error instanceof LogMissingError)) throw error
    return `will be made at the first start in ${await existingParent(resolve(dir))}`
  }
}

/** The nearest folder there is. It must let us make the rest, which is tried with a folder that is removed at once. */
async function existingParent(dir: string): Promise<string> {
  if (!existsSync(dir)) return existingParent(dirname(dir))
  try {
    await rmdir(await mkdtemp(join(dir, '.cf-audit-drain-check-')))
    return dir
  } catch (error) {
    throw new Error(
      `nothing can be written in ${dir} (${(error as NodeJS.ErrnoException).code}): give this user the right, or set log.dir (DATA_DIR) elsewhere`,
    )
  }
}

async function checkFoundation(
  config: FoundationConfig,
  deps: CheckDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const name = `foundation ${config.name}`
  const controller = controllerOf(config, {
    ...deps,
    clock: deps.clock ?? systemClock,
    metrics: null,
    tries: 1,
  })
  const within = deadline(foundationTimeoutMs, signal)
  try {
    const found = await report(`${name} Cloud Controller ${config.api}`, async () => {
      const { v3Version, uaa, v2 } = await controller.discover(within)
      const skew =
        controller.skewMs === null
          ? ''
          : `, clock within ${Math.max(1, Math.ceil(Math.abs(controller.skewMs) / 1000))} s of ours`
      return `v3 ${v3Version}${v2 ? ', v2 on' : ''}, UAA ${uaa}${skew}`
    })
    if (!found) return false
    let visible = true
    const permitted = await report(`${name} UAA client ${config.clientId}`, async () => {
      const rights = await controller.rights(within)
      visible = rights.sees === 'everything'
      if (rights.sees === 'nothing' || (config.strict && !visible)) throw new Error(rights.sentence)
      return visible ? rights.sentence : `WARNING, ${rights.sentence}`
    })
    if (!permitted) return false
    return await report(`${name} audit events`, async () => {
      const oldestSec = await controller.oldestAuditEventSec(within)
      if (oldestSec === null) return 'none visible'
      const count = await controller.countAuditEvents({ fromSec: oldestSec }, within)
      return `${count} visible, the oldest of ${new Date(oldestSec * 1000).toISOString()}`
    })
  } finally {
    await controller.close()
  }
}

async function checkSink(config: SinkConfig, deps: CheckDeps, signal: AbortSignal): Promise<string> {
  const sink = makeSyslogSink(config, { clock: deps.clock ?? systemClock, logger: deps.logger })
  try {
    const { connectMs, confirmMs, tls } = await sink.check(deadline(sinkTimeoutMs, signal))
    const secured = tls
      ? `${tls.protocol} with ${tls.serverSubject}, certificate valid until ${tls.serverValidTo}; `
      : ''
    return `${secured}connected in ${connectMs.toFixed(1)} ms, end of connection answered in ${confirmMs.toFixed(1)} ms (no event was sent)`
  } finally {
    await sink.close()
  }
}
