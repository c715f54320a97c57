import * as z from 'zod'
import { parseRegistryUrl } from './registry-url.ts'
import { parsedText, secret, text } from './setting.ts'

export const schemaRegistrySchema = z
  .strictObject({
    url: parsedText(
      {
        about: "The root of an API as Confluent's has it; at Apicurio it ends in `/apis/ccompat/v7`.",
        example: 'https://registry.example.com',
      },
      { format: 'uri' },
      parseRegistryUrl,
    ),
    username: text({ about: 'The user of the registry.', example: 'cf-audit-drain' }).optional(),
    password: secret({
      about: 'Its password. Give this or `passwordFile`.',
      example: '$' + '{SCHEMA_REGISTRY_PASSWORD}',
    }).optional(),
    passwordFile: text({
      about: 'A file that holds the password; read again for every request, so it may be rotated.',
      example: '/run/secrets/registry-password',
    }).optional(),
    token: secret({
      about: 'A bearer token instead of a user. Give this or `tokenFile`.',
      example: '$' + '{SCHEMA_REGISTRY_TOKEN}',
    }).optional(),
    tokenFile: text({
      about: 'A file that holds the token; read again for every request.',
      example: '/var/run/secrets/registry/token',
    }).optional(),
    caFile: text({
      about: 'PEM certificates to trust for `url`, beside the public ones.',
      example: '/etc/ssl/registry-ca.pem',
    }).optional(),
  })
  .meta({
    description:
      "Events are written in Confluent's wire format, with the ids that this registry has for their schemas (`cf-audit-drain schemas register`). Without it they are Avro single objects. Readers take both.",
  })

export type SchemaRegistryDocument = z.output<typeof schemaRegistrySchema>
