import type { SinkConfig } from '@cf-audit-drain/config'
import type { LogRecord } from '@cf-audit-drain/log'
import type { Clock } from '@cf-audit-drain/pipeline'
import type { Logger } from '@cf-audit-drain/runtime'
import { type CodecOptions, type SyslogSink, syslogRecordSink } from '@cf-audit-drain/syslog'
import { decodeRecord } from './decode-record.ts'

export function makeSyslogSink(
  config: SinkConfig,
  deps: { readonly clock: Clock; readonly logger: Logger },
): SyslogSink<LogRecord> {
  const { host, port, framing, confirmTimeoutMs } = config
  return syslogRecordSink<LogRecord>(
    { ...codecOptions(config), host, port, framing, confirmTimeoutMs, ...tlsOf(config) },
    { clock: deps.clock, onWarning: message => deps.logger.warn({ sink: config.name }, message) },
    decodeRecord,
  )
}

export function codecOptions(config: SinkConfig): CodecOptions {
  const { format, maxMessageBytes, facility, cef } = config
  return { format, maxMessageBytes, facility, avoidEquals: cef.avoidEquals, leadingSpace: cef.leadingSpace }
}

function tlsOf({ tls }: SinkConfig) {
  if (tls === null) return {}
  const { caFile, certFile, keyFile, serverName, minVersion } = tls
  return {
    tls: {
      minVersion,
      ...(caFile === null ? {} : { caFile }),
      ...(certFile === null ? {} : { certFile }),
      ...(keyFile === null ? {} : { keyFile }),
      ...(serverName === null ? {} : { serverName }),
    },
  }
}
