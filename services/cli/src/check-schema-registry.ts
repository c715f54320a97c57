import type { Config } from '@cf-audit-drain/config'
import { type Clock, systemClock } from '@cf-audit-drain/pipeline'
import type { Logger } from '@cf-audit-drain/runtime'
import { checkSchemas } from '@cf-audit-drain/schema-registry'
import { type Finding, failed } from './finding.ts'
import { askedWithin, eventTopics, registryClient } from './schema-registry.ts'

export const registryEnd = 'schema registry'

/** What `check` says of the registry; nothing where none is configured. One that is away keeps nothing from working. */
export async function checkSchemaRegistry(
  config: Config,
  { logger, clock = systemClock }: { readonly logger: Logger; readonly clock?: Clock },
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const client = registryClient(config.log.kafka, { clock, warn: sentence => logger.warn(sentence) })
  if (client === null) return []
  try {
    const found = await checkSchemas(client, await eventTopics(config), askedWithin(signal))
    return found.map(({ verdict, subject, text }): Finding => {
      const sentence = `${subject}: ${text}`
      return verdict === 'FAIL'
        ? failed(registryEnd, new Error(sentence))
        : { verdict, end: registryEnd, text: sentence }
    })
  } catch (error) {
    return [failed(registryEnd, error)]
  } finally {
    await client.close()
  }
}
