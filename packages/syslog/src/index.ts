export type { SyslogCheck } from './check-receiver.ts'
export {
  type CodecOptions,
  defaultMaxMessageBytes,
  minMessageBytes,
  type SyslogCodec,
  syslogCodec,
} from './codec.ts'
export type { Framing } from './framing.ts'
export {
  type SyslogSink,
  type SyslogSinkDeps,
  type SyslogSinkOptions,
  syslogRecordSink,
  syslogSink,
} from './sink.ts'
export { SyslogError, type SyslogFault } from './syslog-error.ts'
export type { TlsOptions } from './tls-files.ts'
