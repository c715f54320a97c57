import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config, SinkConfig } from '@cf-audit-drain/config'
import { decodeAuditEvent } from '@cf-audit-drain/event'
import type { LogRecord } from '@cf-audit-drain/log'
import { delivered, type Outcome, type Random, type Sink } from '@cf-audit-drain/pipeline'
import type { Logger } from '@cf-audit-drain/runtime'
import { syslogCodec } from '@cf-audit-drain/syslog'
import { print } from './print.ts'
import { codecOptions } from './sinks.ts'
import { start } from './start.ts'

/**
 * `start --dry-run`: reads Cloud Controller as a first start would, prints what each sink would be sent, and ends. The
 * log, in the data directory or on Kafka, is neither read nor written, and nothing is sent.
 */
export async function dryRun(
  config: Config,
  deps: { readonly logger: Logger; readonly random: Random },
  signal: AbortSignal,
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'cf-audit-drain-dry-run-'))
  try {
    const tried = { ...config, log: { ...config.log, dir, kafka: null } }
    await start({ ...deps, config: tried, makeSink: printingSink, untilCaughtUp: true, quiet: true }, signal)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

function printingSink(config: SinkConfig): Sink<LogRecord> {
  const codec = syslogCodec(codecOptions(config))
  return {
    async connect() {},
    async write(batch): Promise<readonly Outcome[]> {
      for (const { bytes } of batch) await print(codec.encode(decodeAuditEvent(bytes)))
      return batch.map(() => delivered)
    },
    async close() {},
  }
}
