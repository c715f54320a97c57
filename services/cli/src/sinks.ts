import type { SinkConfig } from '@cf-audit-drain/config'
import type { Clock } from '@cf-audit-drain/pipeline'
import type { Logger } from '@cf-audit-drain/runtime'
import { type CodecOptions, type SyslogSink, syslogSink } from '@cf-audit-drain/syslog'

export function makeSyslogSink(
  config: SinkConfig,
  deps: { readonly clock: Clock; readonly logger: Logger },
): SyslogSink {
  const { host, port, framing, confirmTimeoutMs } = config
  return syslogSink(
    { ...codecOptions(config), host, port, framing, confirmTimeoutMs, ...tlsOf(config) },
    { clock: deps.clock, onWarning: message => deps.logger.warn({ sink: config.name }, message) },
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
