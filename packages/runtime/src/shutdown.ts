import { type Clock, systemClock } from '@cf-audit-drain/pipeline'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Logger } from './logger.ts'

/** coreutils' timeout, a shell and a service manager each signal the whole group, and a program in it. */
const sameWishMs = 1_000

export interface MainOptions {
  readonly logger: Logger
  /** How long the work may take to settle after the first signal. */
  readonly shutdownTimeoutMs: number
  readonly clock?: Clock
  /** Turns an error that ends the work into its exit code; `failed` when it gives none. */
  readonly exitCodeOf?: (error: unknown) => ExitCode | undefined
}

/**
 * Runs a main until it is done, then ends the process: the one home of `process.exit`.
 *
 * The first SIGTERM or SIGINT aborts `signal`; the work has `shutdownTimeoutMs` to settle and return. A second signal
 * ends at once, unless it comes within a second: what stops a group of processes sends the same wish twice. An error nobody caught is logged and ends at once: the state in memory cannot be trusted any more,
 * and everything that counts is durable.
 */
export async function runMain(
  work: (signal: AbortSignal) => Promise<ExitCode | undefined>,
  { logger, shutdownTimeoutMs, clock = systemClock, exitCodeOf = () => undefined }: MainOptions,
): Promise<never> {
  const stop = new AbortController()
  const late = new AbortController()

  let stoppedMs = 0
  /** From when only what was printed waits for its reader. */
  let ended: ExitCode | null = null
  const onSignal = (name: NodeJS.Signals) => {
    if (ended !== null) endProcess(ended, logger)
    if (stop.signal.aborted) {
      if (clock.monotonic() - stoppedMs < sameWishMs) return
      logger.warn({ signal: name }, 'second signal: stopping at once')
      endProcess(name === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated, logger)
    }
    stoppedMs = clock.monotonic()
    logger.info({ signal: name, shutdownTimeoutMs }, 'stopping: settling what is in hand')
    stop.abort(new Error(`stopped by ${name}`))
    clock.sleep(shutdownTimeoutMs, late.signal).then(
      () => {
        if (ended !== null) endProcess(ended, logger)
        logger.error(
          // What Node still waits for: `TCPSocketWrap`, `Timeout` and so on.
          { shutdownTimeoutMs, waitingFor: process.getActiveResourcesInfo() },
          'work did not settle in time: it will be done again at the next start',
        )
        endProcess(exitCodes.failed, logger)
      },
      () => {},
    )
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)

  const onUncaught = (error: unknown, origin: string) => {
    logger.fatal(
      { err: error instanceof Error ? error : new Error(String(error)), origin },
      'an error nobody caught',
    )
    endProcess(exitCodes.failed, logger)
  }
  // Without a listener of its own an unhandled rejection becomes an uncaught exception, with origin 'unhandledRejection'.
  process.on('uncaughtException', onUncaught)

  const code = await work(stop.signal).then(
    result => result ?? exitCodes.ok,
    (error: unknown) => {
      if (stop.signal.aborted && isAbort(error, stop.signal)) return exitCodes.ok
      logger.error({ err: error instanceof Error ? error : new Error(String(error)) }, 'stopped by an error')
      return exitCodeOf(error) ?? exitCodes.failed
    },
  )
  ended = code
  await printed()
  late.abort()
  return endProcess(code, logger)
}

/** Ends a process that has nothing in hand, once whoever reads what it has printed has taken all of it. */
export async function endPrinted(code: ExitCode): Promise<never> {
  await printed()
  return endProcess(code)
}

/** `process.exit` drops what a pipe has no room for yet. */
async function printed(): Promise<void> {
  for (const stream of [process.stdout, process.stderr])
    if (stream.writableLength > 0) await new Promise<void>(resolve => stream.write('', () => resolve()))
}

/** Ends a process that has nothing in hand, such as one whose configuration is wrong. */
export function endProcess(code: ExitCode, logger?: Logger): never {
  logger?.flush()
  process.exit(code)
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError')
}
