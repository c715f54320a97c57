import * as z from 'zod'
import { parseApiUrl } from './api-url.ts'
import { parseHttpAddress } from './http-address.ts'
import { kafkaSchema } from './kafka-schema.ts'
import { namePattern, parseName } from './name.ts'
import { byteSize, duration, flag, oneOf, parsedText, secret, text, wholeNumber } from './setting.ts'
import { parseSinkUrl } from './sink-url.ts'
import { parseStartFrom, startFromPattern } from './start-from.ts'
import { stateDifferencesSchema } from './state-differences-schema.ts'
import { tlsSchema } from './tls-schema.ts'

/**
 * The one schema: parser, JSON Schema (docs/reference/config.schema.json) and reference table
 * (docs/reference/config.md) all come from it. A key that is not here is a fault.
 */
const sweep = z.strictObject({
  every: duration({ about: 'How often this sweep runs.', example: '5m' }, '1s', '7d'),
  over: duration({ about: 'How far back it looks.', example: '1h' }, '1s', '31d'),
  compare: oneOf(
    {
      about:
        'What is compared with Cloud Controller: its count (one cheap request), or every guid (reads every row).',
      example: 'count',
    },
    ['count', 'guids'],
  ),
})

const tasksSchema = z.strictObject({
  follow: flag({
    about:
      'Follows every task to its end and tells of it in an event of its own (`cf-audit-drain.task.completed`, `cf-audit-drain.task.lost`): Cloud Controller has none.',
    example: 'true',
  }).prefault(true),
  command: oneOf(
    {
      about:
        "What those events hold of the task's command: nothing (`off`), a keyed fingerprint (`fingerprint`), or beside that its text without the secrets in it (`clear`). A client with `cloud_controller.global_auditor` is shown none.",
      example: 'fingerprint',
    },
    ['off', 'fingerprint', 'clear'],
  ).prefault('fingerprint'),
})

export const foundationSchema = z.strictObject({
  name: parsedText(
    {
      about:
        'The name of this foundation in every event, metric and file; part of the identity of its events, so do not change it later. Default: the host of `api` without `api.`.',
      example: 'eu1',
    },
    { pattern: namePattern },
    parseName,
  ).optional(),
  api: parsedText(
    { about: 'The root URL of the Cloud Controller.', example: 'https://api.sys.example.com' },
    { format: 'uri' },
    parseApiUrl,
  ),
  clientId: text({
    about:
      'The UAA client that reads audit events. With `username` or `refreshToken`: the one that logs the user in, `cf` by default.',
    example: 'cf-audit-drain',
  }).optional(),
  clientSecret: secret({
    about:
      'Its secret. Give this or `clientSecretFile`; with `username` or `refreshToken` neither, unless that client has one.',
    example: '$' + '{CF_CLIENT_SECRET}',
  }).optional(),
  clientSecretFile: text({
    about: 'A file that holds the secret; read again when UAA refuses it, so it may be rotated.',
    example: '/run/secrets/cf-client-secret',
  }).optional(),
  username: text({
    about: 'A user to log in as, instead of the client speaking for itself.',
    example: 'auditor@example.com',
  }).optional(),
  password: secret({
    about: 'The password of `username`. Give this or `passwordFile`.',
    example: '$' + '{CF_LOGIN_PASSWORD}',
  }).optional(),
  passwordFile: text({
    about: 'A file that holds the password; read again for each login.',
    example: '/run/secrets/cf-password',
  }).optional(),
  refreshToken: secret({
    about: "A user's refresh token, instead of `username`. Give this or `refreshTokenFile`.",
    example: '$' + '{CF_REFRESH_TOKEN}',
  }).optional(),
  refreshTokenFile: text({
    about:
      "A file that holds the refresh token, or the cf CLI's `config.json`; read again for each login, never written.",
    example: '/home/auditor/.cf/config.json',
  }).optional(),
  apiVersion: oneOf(
    {
      about:
        'Which API shows the audit events: `v3`, `v2` (`/v2/events`, off by default since January 2025), or `auto`: v3, unless Cloud Controller has none in it and v2 is on.',
      example: 'auto',
    },
    ['auto', 'v3', 'v2'],
  ).prefault('auto'),
  caFile: text({
    about: 'PEM certificates to trust for `api` and its UAA, beside the public ones.',
    example: '/etc/ssl/foundation-ca.pem',
  }).optional(),
  insecure: flag({
    about: 'Allows plain `http://` to a host that is not this machine.',
    example: 'false',
  }).prefault(false),
  requestTimeout: duration(
    {
      about:
        'How long one request to `api` or its UAA may take: connecting, headers and body. A body has 1 s more for each 16 KiB that came, so a big page over a slow line arrives.',
      example: '60s',
    },
    '1s',
    '10m',
  ).prefault('60s'),
  startFrom: parsedText(
    {
      about:
        'Where the very first start begins: `retention` (everything Cloud Controller still has), `now`, or a time.',
      example: '2026-11-01T00:00:00Z',
    },
    { pattern: startFromPattern },
    parseStartFrom,
  ).prefault('retention'),
  pollInterval: duration(
    { about: 'Time between polls, jittered. One poll is in flight at a time.', example: '10s' },
    '1s',
    '5m',
  ).prefault('10s'),
  overlap: duration(
    { about: 'How far back each poll reads again, for rows that become visible late.', example: '5m' },
    '1s',
    '4h',
  ).prefault('5m'),
  sweeps: z
    .array(sweep)
    .min(1)
    .max(8)
    .meta({
      description:
        'Later looks at a longer past, for what came later than the overlap. The longest must compare guids.',
    })
    .prefault([
      { every: '5m', over: '1h', compare: 'count' },
      { every: '1h', over: '5h', compare: 'guids' },
    ]),
  names: oneOf(
    {
      about:
        'Names of organizations, spaces, apps, services, routes and users in every event, as they were then: looked up (`lookup`), learned from events alone (`events`), or left out (`off`).',
      example: 'lookup',
    },
    ['lookup', 'events', 'off'],
  ).prefault('lookup'),
  nameWait: duration(
    {
      about:
        'How long an event may wait for its names. Then it goes without, and says which are missing and why.',
      example: '2s',
    },
    '0s',
    '1m',
  ).prefault('2s'),
  tasks: tasksSchema.prefault({}),
  verifyInterval: duration(
    {
      about: "How often the whole completeness ledger is compared with Cloud Controller's own counts.",
      example: '5m',
    },
    '10s',
    '1d',
  ).prefault('5m'),
  retention: duration(
    {
      about:
        'How long Cloud Controller keeps audit events (`audit_events.cutoff_age_in_days`), for the deadline of what is not held. Without it: by what is seen there, else its default, `31d`.',
      example: '31d',
    },
    '1d',
    '3650d',
  ).optional(),
  stateDifferences: stateDifferencesSchema.optional(),
  strict: flag({
    about: 'Refuses to start when the client may not see every event.',
    example: 'false',
  }).prefault(false),
})

const sinkTls = tlsSchema({
  caFileExample: '/etc/ssl/siem-ca.pem',
  serverName: {
    about: 'The name the certificate must carry, when it is not the host of the URL.',
    example: 'siem.example.com',
  },
})

const cefSchema = z.strictObject({
  avoidEquals: flag({
    about: 'Writes `=` in values in a form that parsers which cannot unescape it read rightly.',
    example: 'false',
  }).prefault(false),
  leadingSpace: flag({
    about: 'A space before `CEF:0`, for receivers that cut the first character.',
    example: 'false',
  }).prefault(false),
})

export const sinkSchema = z.strictObject({
  name: parsedText(
    {
      about:
        'The name of the sink; its place in the log is kept under it. A new name starts at the beginning.',
      example: 'siem',
    },
    { pattern: namePattern },
    parseName,
  ),
  url: parsedText(
    {
      about:
        '`syslog://host:port` or `syslog-tls://host:port`. The settings below may stand in its query instead: `?format=json&framing=lf`.',
      example: 'syslog-tls://siem.example.com:6514?format=cef',
    },
    { pattern: '^syslog(-tls)?://[^/?#]+:[0-9]{1,5}' },
    parseSinkUrl,
  ),
  format: oneOf({ about: 'What a message holds.', example: 'cef' }, ['cef', 'json']).prefault('cef'),
  framing: oneOf({ about: 'How messages are told apart (RFC 6587).', example: 'octet-counting' }, [
    'octet-counting',
    'lf',
  ]).prefault('octet-counting'),
  tls: sinkTls.prefault({}),
  maxMessageBytes: byteSize(
    { about: 'A longer message is cut, and marked as cut.', example: '8000' },
    '1KiB',
    '16MiB',
  ).prefault(8000),
  facility: wholeNumber({ about: 'Syslog facility (13: log audit).', example: '13' }, 0, 23).prefault(13),
  confirmTimeout: duration(
    {
      about: 'How long the receiver may take to confirm what was sent before it is sent again.',
      example: '30s',
    },
    '100ms',
    '10m',
  ).prefault('30s'),
  cef: cefSchema.prefault({}),
})

const retentionSchema = z.strictObject({
  maxAge: duration(
    { about: 'Events older than this leave the log, once every sink has had them.', example: '31d' },
    '1h',
    '3650d',
  ).optional(),
  maxSize: byteSize(
    {
      about: 'The oldest events leave the log above this size, once every sink has had them.',
      example: '10GiB',
    },
    '1MiB',
    '1024TiB',
  ).optional(),
})

export const configSchema = z
  .strictObject({
    foundations: z
      .array(foundationSchema)
      .meta({ description: 'The Cloud Foundry foundations to read, side by side in one process.' })
      .prefault([]),
    sinks: z
      .array(sinkSchema)
      .meta({
        description: 'Where every event goes. Each has its own place in the log; none waits for another.',
      })
      .prefault([]),
    log: z
      .strictObject({
        dir: text({ about: 'The folder of the durable log; made when absent.', example: './data' }).prefault(
          './data',
        ),
        retention: retentionSchema.prefault({}),
        kafka: kafkaSchema.optional(),
      })
      .prefault({}),
    scrub: z
      .strictObject({
        key: secret(
          {
            about:
              'The key (32 characters or more) of the fingerprints that stand where secrets were. Without it and `keyFile` one is made on the first start and kept in `log.dir`.',
            example: '$' + '{SCRUB_KEY}',
          },
          32,
        ).optional(),
        keyFile: text({ about: 'A file that holds the key.', example: '/run/secrets/scrub-key' }).optional(),
      })
      .prefault({}),
    http: z
      .strictObject({
        address: parsedText(
          {
            about:
              'Where `/metrics`, `/healthz`, `/readyz` and `/status` answer, without a password. Port 0 takes a free one.',
            example: '127.0.0.1:9470',
          },
          {},
          parseHttpAddress,
        ).prefault('127.0.0.1:9470'),
      })
      .prefault({}),
    logging: z
      .strictObject({
        level: oneOf({ about: 'The least important line that is written.', example: 'info' }, [
          'trace',
          'debug',
          'info',
          'warn',
          'error',
          'fatal',
        ]).prefault('info'),
      })
      .prefault({}),
    shutdownTimeout: duration(
      {
        about:
          'How long SIGTERM waits for work in hand before the process ends anyway; half of it for a receiver to confirm what it was sent: what it has not then is sent again at the next start. With less than 20s brokers that answer nothing may use all of it up.',
        example: '20s',
      },
      '100ms',
      '10m',
    ).prefault('20s'),
  })
  .meta({ title: 'cf-audit-drain configuration' })

export type ConfigDocument = z.output<typeof configSchema>
export type FoundationDocument = z.output<typeof foundationSchema>
export type SinkDocument = z.output<typeof sinkSchema>
