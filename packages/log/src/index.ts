export { checkEmbeddedLog, type EmbeddedLogReport } from './embedded/check-embedded-log.ts'
export { EmbeddedLog, type EmbeddedLogOptions, openEmbeddedLog } from './embedded/embedded-log.ts'
export * from './log-error.ts'
export * from './ports.ts'
