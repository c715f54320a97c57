import * as z from 'zod'
import { brokerPattern, parseBroker } from './kafka-broker.ts'
import { kafkaPrefixPattern, parseKafkaPrefix } from './kafka-prefix.ts'
import { extensionPattern, parseExtension, parseTokenUrl } from './kafka-token.ts'
import { schemaRegistrySchema } from './schema-registry-schema.ts'
import { duration, flag, oneOf, parsedText, secret, text, wholeNumber } from './setting.ts'
import { tlsSchema } from './tls-schema.ts'

const brokers = z
  .array(
    parsedText(
      { about: 'One broker.', example: 'kafka-1.example.com:9092' },
      { pattern: brokerPattern },
      parseBroker,
    ),
  )
  .min(1)
  .meta({
    description:
      '`host:port` of some brokers; the others are learned from them. As `$' +
      '{NAME}`, a variable that holds several with commas between them. Example: `[kafka-1.example.com:9092, kafka-2.example.com:9092]`.',
    shorthand: 'variable',
  })

const tls = tlsSchema({
  caFileExample: '/etc/ssl/kafka-ca.pem',
  serverName: {
    about: 'The name every certificate must carry, when it is not the host of the broker.',
    example: 'kafka.example.com',
  },
}).meta({ description: '`true`, or what follows. Without it the connection is plain.', shorthand: 'flag' })

const token = z
  .strictObject({
    file: text({
      about: 'A file that holds the token, as Kubernetes projects one; read again for every login.',
      example: '/var/run/secrets/kafka/token',
    }).optional(),
    url: parsedText(
      {
        about: 'The token endpoint, asked by the client-credentials grant.',
        example: 'https://login.example.com/oauth/token',
      },
      { format: 'uri' },
      parseTokenUrl,
    ).optional(),
    clientId: text({ about: 'The client at the token endpoint.', example: 'cf-audit-drain' }).optional(),
    clientSecret: secret({
      about: 'Its secret. Give this or `clientSecretFile`.',
      example: '$' + '{KAFKA_CLIENT_SECRET}',
    }).optional(),
    clientSecretFile: text({
      about: 'A file that holds the secret; read again for every token, so it may be rotated.',
      example: '/run/secrets/kafka-client-secret',
    }).optional(),
    scope: text({ about: 'The scope that is asked for.', example: 'kafka' }).optional(),
    audience: text({ about: 'The audience that is asked for.', example: 'kafka.example.com' }).optional(),
    caFile: text({
      about: 'PEM certificates to trust for `url`, beside the public ones.',
      example: '/etc/ssl/login-ca.pem',
    }).optional(),
  })
  .meta({
    description:
      'Where OAUTHBEARER has its token from: `file`, or `url` and a client. It is renewed before it expires.',
  })

const sasl = z
  .strictObject({
    mechanism: oneOf({ about: 'How this client logs in.', example: 'SCRAM-SHA-512' }, [
      'PLAIN',
      'SCRAM-SHA-256',
      'SCRAM-SHA-512',
      'OAUTHBEARER',
    ]),
    username: text({
      about: 'The user of the brokers. Every mechanism but OAUTHBEARER needs it.',
      example: 'cf-audit-drain',
    }).optional(),
    password: secret({
      about: 'Its password. Give this or `passwordFile`.',
      example: '$' + '{KAFKA_SASL_PASSWORD}',
    }).optional(),
    passwordFile: text({
      about: 'A file that holds the password. It is read again for each login, so that it may be rotated.',
      example: '/run/secrets/kafka-password',
    }).optional(),
    token: token.optional(),
    extensions: z
      .array(
        parsedText(
          { about: 'One extension.', example: 'logicalCluster=lkc-1' },
          { pattern: extensionPattern },
          parseExtension,
        ),
      )
      .meta({
        description:
          'SASL extensions that OAUTHBEARER sends with the token. Example: `[logicalCluster=lkc-1, identityPoolId=pool-1]`.',
      })
      .prefault([]),
  })
  .meta({ description: 'The login at the brokers. Without it there is none.' })

const topics = z
  .strictObject({
    retention: duration(
      {
        about: 'How long the topics keep events, delivered or not. Without it: for ever.',
        example: '365d',
      },
      '1h',
      '3650d',
    ).optional(),
    minInsyncReplicas: wholeNumber(
      {
        about:
          'How many copies a publish waits for. Default: 2 with a `replicationFactor` of 3 or more, else 1.',
        example: '2',
      },
      1,
      10,
    ).optional(),
  })
  .meta({ description: 'What `cf-audit-drain topics` and `createTopics` give to the topics.' })

export const kafkaSchema = z
  .strictObject({
    brokers,
    prefix: parsedText(
      { about: 'What topics, groups and transactional ids begin with.', example: 'cf-audit' },
      { pattern: kafkaPrefixPattern },
      parseKafkaPrefix,
    ).prefault('cf-audit'),
    createTopics: flag({
      about: 'Makes topics that are missing at start. Without it `cf-audit-drain topics apply` makes them.',
      example: 'true',
    }).prefault(false),
    replicationFactor: wholeNumber(
      { about: 'On how many brokers a topic made here lies.', example: '3' },
      1,
      10,
    ).prefault(3),
    topics: topics.prefault({}),
    delivery: oneOf(
      {
        about:
          'What a publish promises. `exactly-once` takes transactions; `at-least-once` is for a Kafka that refuses them, and may double events when two pollers write at once.',
        example: 'exactly-once',
      },
      ['exactly-once', 'at-least-once'],
    ).prefault('exactly-once'),
    tls: tls.optional(),
    sasl: sasl.optional(),
    schemaRegistry: schemaRegistrySchema.optional(),
    insecure: flag({
      about:
        'Allows `sasl` without `tls` to a broker that is not this machine, and a login at `schemaRegistry` by plain `http://`.',
      example: 'false',
    }).prefault(false),
    rack: text({
      about:
        'Where this process is, as `broker.rack` of the brokers calls it. Sinks then read from a replica there, where the brokers have a `replica.selector.class`.',
      example: 'eu-central-1a',
    }).optional(),
    sessionTimeout: duration(
      { about: 'After a kill, how long until another worker takes over.', example: '10s' },
      '6s',
      '60s',
    ).prefault('6s'),
  })
  .meta({
    description:
      'The log is on Kafka instead of in a folder. Beside it neither `dir` nor `retention` is written: `DATA_DIR` or `--data-dir` still names the folder of the scrubbing key, and topics have a retention of their own.',
  })

export type KafkaDocument = z.output<typeof kafkaSchema>
