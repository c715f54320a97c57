import type { Config } from '@cf-audit-drain/config'
import { systemClock } from '@cf-audit-drain/pipeline'
import { type ExitCode, exitCodes } from '@cf-audit-drain/runtime'
import { checkSchemas, type RegisterStep, registerSchemas } from '@cf-audit-drain/schema-registry'
import { type SchemasArguments, UsageError } from './arguments.ts'
import { print, say } from './print.ts'
import { askedWithin, eventTopics, registryClient } from './schema-registry.ts'

const said: Readonly<Record<RegisterStep['did'], string>> = {
  same: 'as wanted',
  done: 'done',
  'to-do': 'to do',
  failed: 'not done',
}

/**
 * `schemas register` and `schemas check`. Prints one line a step or finding. Resolves to `different` when something is not as
 * it is wanted afterwards.
 *
 * @throws RegistryError, UsageError
 */
export async function manageSchemas(
  config: Config,
  { action, dryRun }: SchemasArguments,
  signal: AbortSignal,
): Promise<ExitCode> {
  const client = registryClient(config.log.kafka, { clock: systemClock, warn: say })
  if (client === null)
    throw new UsageError(
      'schemas are registered at the registry of a log on Kafka: set KAFKA_BROKERS and SCHEMA_REGISTRY_URL, or log.kafka.schemaRegistry in the --config',
    )
  try {
    if (config.foundations.length === 0)
      throw new UsageError(
        'schemas needs to know the foundations: set CF_API and its client, or name a --config',
      )
    const topics = await eventTopics(config)
    let isWell = true
    if (action === 'check')
      for (const { verdict, subject, text } of await checkSchemas(client, topics, askedWithin(signal))) {
        await print(`${verdict.padEnd(4)}  ${subject}  ${text}`)
        isWell &&= verdict === 'ok'
      }
    else
      for await (const { did, text } of registerSchemas(client, { topics, dryRun }, askedWithin(signal))) {
        await print(`${said[did]}: ${text}`)
        isWell &&= did === 'same' || did === 'done'
      }
    return isWell ? exitCodes.ok : exitCodes.different
  } finally {
    await client.close()
  }
}
