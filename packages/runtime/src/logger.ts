import { type Clock, systemClock } from '@cf-audit-drain/pipeline'
import { type DestinationStream, type Logger, destination as openDestination, pino } from 'pino'
import { describeError, redacted, redactFields } from './redact.ts'

export type { Logger }

export interface LoggerOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  /** Where lines go: standard output unless the caller prints there itself. Anything with `write(line)`. */
  readonly destination?: 'stdout' | 'stderr' | DestinationStream
  readonly clock?: Clock
}

const childFields = [
  'secret',
  'clientSecret',
  'token',
  'accessToken',
  'password',
  'authorization',
  'key',
  'data',
  'raw',
]

/**
 * JSON lines: `{"level":"info","time":"2026-11-22T05:00:00.000Z","pid":…,"component":…,"msg":…}`. Log an error as
 * `err`. Never log an event's `data`, a token or an answer's body; the redaction here is only the net below that.
 *
 * Writing is synchronous: a line is out before the call returns, so none is lost when the process is killed.
 */
export function createLogger({ level, destination = 'stdout', clock = systemClock }: LoggerOptions): Logger {
  return pino(
    {
      level,
      messageKey: 'msg',
      base: { pid: process.pid },
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: {
        level: label => ({ level: label }),
        log: fields => redactFields(fields),
      },
      // The formatter above does not see the fields of child loggers.
      redact: { paths: childFields, censor: redacted },
      serializers: { err: error => (error instanceof Error ? describeError(error) : error) },
    },
    typeof destination === 'string'
      ? openDestination({ fd: destination === 'stdout' ? 1 : 2, sync: true })
      : destination,
  )
}
