export { type ExitCode, exitCodes } from './exit-codes.ts'
export type { FoundationMetrics } from './foundation-metrics.ts'
export {
  type HttpServerOptions,
  type RunningHttpServer,
  requireFreeAddress,
  startHttpServer,
} from './http-server.ts'
export { createLogger, type Logger, type LoggerOptions } from './logger.ts'
export { createMetrics, type Metrics, type MetricsOptions } from './metrics.ts'
export { type LatestReading, PatientReading } from './patient-reading.ts'
export { describeError, type ErrorDescription, redactText } from './redact.ts'
export { endPrinted, endProcess, type MainOptions, runMain } from './shutdown.ts'
export type { SinkMetrics } from './sink-metrics.ts'
