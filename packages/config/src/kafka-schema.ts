import * as z from 'zod'
import { brokerPattern, parseBroker } from './kafka-broker.ts'
import { kafkaPrefixPattern, parseKafkaPrefix } from './kafka-prefix.ts'
import { duration, flag, oneOf, parsedText, secret, text, wholeNumber } from './setting.ts'

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

const tls = z
  .strictObject({
    caFile: text({
      about: 'PEM certificates to trust instead of the public ones.',
      example: '/etc/ssl/kafka-ca.pem',
    }).optional(),
    certFile: text({
      about: 'PEM certificate this client shows; needs `keyFile`.',
      example: '/etc/ssl/client.pem',
    }).optional(),
    keyFile: text({
      about: 'PEM private key of `certFile`, without a passphrase.',
      example: '/etc/ssl/client.key',
    }).optional(),
    serverName: text({
      about: 'The name every certificate must carry, when it is not the host of the broker.',
      example: 'kafka.example.com',
    }).optional(),
    minVersion: oneOf({ about: 'The oldest TLS accepted.', example: 'TLSv1.2' }, [
      'TLSv1.2',
      'TLSv1.3',
    ]).prefault('TLSv1.2'),
  })
  .meta({ description: '`true`, or what follows. Without it the connection is plain.', shorthand: 'flag' })

const sasl = z
  .strictObject({
    mechanism: oneOf({ about: 'How this client logs in.', example: 'SCRAM-SHA-512' }, [
      'PLAIN',
      'SCRAM-SHA-256',
      'SCRAM-SHA-512',
    ]),
    username: text({ about: 'The user of the brokers.', example: 'cf-audit-drain' }),
    password: secret({
      about: 'Its password. Give this or `passwordFile`.',
      example: '$' + '{KAFKA_SASL_PASSWORD}',
    }).optional(),
    passwordFile: text({
      about: 'A file that holds the password.',
      example: '/run/secrets/kafka-password',
    }).optional(),
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
    tls: tls.optional(),
    sasl: sasl.optional(),
    insecure: flag({
      about: 'Allows `sasl` without `tls` to a broker that is not this machine.',
      example: 'false',
    }).prefault(false),
    sessionTimeout: duration(
      { about: 'After a kill, how long until another worker takes over.', example: '10s' },
      '6s',
      '60s',
    ).prefault('10s'),
  })
  .meta({
    description:
      'The log is on Kafka instead of in a folder. Beside it neither `dir` nor `retention` is written: `DATA_DIR` or `--data-dir` still names the folder of the scrubbing key, and topics have a retention of their own.',
  })

export type KafkaDocument = z.output<typeof kafkaSchema>
