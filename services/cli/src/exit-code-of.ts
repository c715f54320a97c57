import { CloudFoundryError } from '@cf-audit-drain/cloud-foundry'
import {
  KafkaStateError,
  KafkaUnavailableError,
  LogDamagedError,
  LogInUseError,
  LogMissingError,
  LogMovedError,
  LogStorageError,
  LogVersionError,
} from '@cf-audit-drain/log'
import {
  ApiUnsteadyError,
  CheckpointUnreadableError,
  NotEverythingVisibleError,
} from '@cf-audit-drain/poller'
import { type ExitCode, exitCodes } from '@cf-audit-drain/runtime'
import { RegistryError } from '@cf-audit-drain/schema-registry'
import { UsageError } from './arguments.ts'
import { ConfigurationError } from './configuration.ts'

const ofLog = [
  KafkaStateError,
  LogDamagedError,
  LogInUseError,
  LogMissingError,
  LogMovedError,
  LogStorageError,
  LogVersionError,
  CheckpointUnreadableError,
]

/** Of an error that is the operator's own to mend; undefined for any other. The same for every command. */
export function exitCodeOf(error: unknown): ExitCode | undefined {
  if (error instanceof UsageError || error instanceof ConfigurationError) return exitCodes.configuration
  const ofEnds = [
    CloudFoundryError,
    ApiUnsteadyError,
    NotEverythingVisibleError,
    KafkaUnavailableError,
    RegistryError,
  ]
  if (ofEnds.some(kind => error instanceof kind)) return exitCodes.unreachable
  return ofLog.some(kind => error instanceof kind) ? exitCodes.log : undefined
}
