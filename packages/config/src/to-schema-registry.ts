import type { SchemaRegistryConfig, SchemaRegistryLogin } from './config.ts'
import type { SchemaRegistryDocument } from './schema-registry-schema.ts'
import type { Secret } from './secret.ts'

export function toSchemaRegistry(
  document: SchemaRegistryDocument,
  secrets: ReadonlyMap<string, Secret>,
): SchemaRegistryConfig {
  return { url: document.url, login: loginOf(document, secrets), caFile: document.caFile ?? null }
}

function loginOf(
  { username, password, passwordFile, token, tokenFile }: SchemaRegistryDocument,
  secrets: ReadonlyMap<string, Secret>,
): SchemaRegistryLogin | null {
  const bearer = secrets.get('log.kafka.schemaRegistry.tokenFile') ?? token
  if (bearer !== undefined) return { token: bearer, file: tokenFile ?? null }
  const secret = secrets.get('log.kafka.schemaRegistry.passwordFile') ?? password
  if (username === undefined || secret === undefined) return null
  return { username, password: secret, file: passwordFile ?? null }
}
