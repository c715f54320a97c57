import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type KafkaConfig, type KafkaTokenConfig, Secret } from '@cf-audit-drain/config'
import { skipWithoutKafka, startKafka } from '@cf-audit-drain/kafka-broker'
import type { EventLog } from '@cf-audit-drain/log'
import { makeEntries } from '@cf-audit-drain/log/contract-suite'
import { openKafkaLog } from '@cf-audit-drain/log/kafka'
import { systemClock } from '@cf-audit-drain/pipeline'
import { kafkaOptions } from './kafka-options.ts'
import { startOauthServer } from './oauth-server-for-tests.ts'
import { tokenInFile } from './token-in-file.ts'

/** Of a token; the brokers end a session with it. */
const lifetimeSec = 14
const runMs = 24_000

/**
 * Goal: tokens that run out in mid-run interrupt neither publishing nor reading. Method: a real broker that checks
 * signature, audience and expiry, and closes every session whose token has run out; longer than two tokens live.
 */
test('publishing and reading go on while tokens run out', { timeout: 180_000 }, async t => {
  if (skipWithoutKafka(t)) return
  const { folder, oauth, kafka } = await kafkaWithOauth(t)
  if (!kafka.isOurs) return t.skip('KAFKA_BROKERS is set: how its brokers check tokens is not ours to say')

  const lines: string[] = []
  const trouble: string[] = []
  const observer = {
    warn: (sentence: string) => trouble.push(sentence),
    failed: (error: Error) => trouble.push(error.message),
    deliveredTwice: (records: number) => trouble.push(`${records} delivered twice`),
  }
  const log = (token: KafkaTokenConfig['token'], prefix: string): EventLog => {
    const deps = { clock: systemClock, warn: observer.warn }
    const options = kafkaOptions(
      config(kafka.secured, prefix, token),
      { mode: 'write', waits: 'machine' },
      deps,
    )
    const onLog = (line: unknown) => lines.push(JSON.stringify(line))
    const opened = openKafkaLog({ ...options, onLog }, { clock: systemClock, observer })
    t.after(() => opened.close())
    return opened
  }

  const client = { url: oauth.url, clientId: 'drain', clientSecretFile: null }
  const clientSecret = new Secret(oauth.secret)

  await t.test('of an endpoint, and of a file that somebody else renews', async () => {
    const file = join(folder, 'token')
    const done = new AbortController()
    const renewed = renewing(() => writeFileSync(file, `${oauth.token()}\n`), done.signal)
    const endpoint = { ...client, clientSecret, scope: 'kafka', audience: null, caFile: null }
    try {
      await Promise.all([publishAndRead(log(endpoint, 'endpoint')), publishAndRead(log({ file }, 'file'))])
    } finally {
      done.abort()
      await renewed
    }
    assert.deepEqual(trouble, [])
    assert.ok(oauth.requests.length >= 3, `${oauth.requests.length} tokens were asked for`)
    assert.equal(oauth.requests[0]?.get('grant_type'), 'client_credentials')
    assert.equal(oauth.requests[0]?.get('scope'), 'kafka')
  })

  await t.test(
    'an endpoint that fails for a while is asked again, and one that refuses is told of',
    async () => {
      oauth.fail(2)
      const more = { scope: null, audience: null, caFile: null }
      const good = log({ ...client, ...more, clientSecret }, 'again')
      await (await good.writer('lab')).close()
      const wrong = log({ ...client, ...more, clientSecret: new Secret('wr0ng-wr0ng') }, 'wrong')
      await assert.rejects(wrong.writer('lab'), error => {
        assert.match(String(error), /token endpoint at .* does not know client "drain"/)
        assert.doesNotMatch(String(error), /wr0ng/)
        return true
      })
    },
  )

  await t.test('no line of the log holds a token or a secret', () => {
    assert.doesNotMatch(lines.join('\n'), /eyJ|s3cret|wr0ng/)
  })
})

test('a token file that cannot be used is told of without what it holds', t => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-token-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'token')
  const now = { ...systemClock, now: () => 1_800_000_000_000 }
  assert.throws(() => tokenInFile(file, now), /cannot be read \(ENOENT\)/)
  for (const text of ['', '\n', 'two words'])
    assert.throws(() => {
      writeFileSync(file, text)
      tokenInFile(file, now)
    }, /holds no token/)
  const tokenOf = (exp: number) => `e30.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.sig`
  writeFileSync(file, tokenOf(1_800_000_000))
  assert.throws(() => tokenInFile(file, now), /ran out at 2027-01-15T08:00:00\.000Z/)
  for (const good of [tokenOf(1_800_000_001), 'opaque', 'a.b.c']) {
    writeFileSync(file, `${good}\n`)
    assert.equal(tokenInFile(file, now), good)
  }
})

async function kafkaWithOauth(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-token-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const oauth = await startOauthServer({ lifetimeSec })
  t.after(() => oauth.close())
  const jwks = join(folder, 'jwks.json')
  writeFileSync(jwks, oauth.jwks)
  const kafka = await startKafka({
    secured: 'SASL_PLAINTEXT',
    properties: ofOauthListener(`file://${jwks}`),
    jvmFlags: [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://${jwks}`],
  })
  t.after(() => kafka.stop())
  return { folder, oauth, kafka }
}

/** Renews at once, and then every 3 s. */
async function renewing(renew: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    renew()
    await systemClock.sleep(3_000, signal).catch(() => undefined)
  }
}

function config(brokers: readonly string[], prefix: string, token: KafkaTokenConfig['token']): KafkaConfig {
  return {
    brokers,
    prefix,
    createTopics: true,
    replicationFactor: 1,
    topics: { retentionMs: null, minInsyncReplicas: 1 },
    delivery: 'exactly-once',
    tls: null,
    sasl: { mechanism: 'OAUTHBEARER', token, extensions: { traceId: 'x' } },
    schemaRegistry: null,
    rack: null,
    sessionTimeoutMs: 6_000,
  }
}

/** Ten events a second, each publish and each delivery by the connections of the first moment. */
async function publishAndRead(log: EventLog): Promise<void> {
  const never = new AbortController().signal
  const writer = await log.writer('lab')
  await writer.publish([], 'begun')
  const source = log.source('siem', { batchMax: 100 })
  await source.connect(never)
  let read = 0
  const reading = (async () => {
    for (let delivery = await source.read(never); delivery !== null; delivery = await source.read(never)) {
      read += delivery.batch.length
      await delivery.settle()
    }
  })()
  reading.catch(() => undefined)
  const startedMs = systemClock.monotonic()
  let published = 0
  while (systemClock.monotonic() - startedMs < runMs) {
    published += (await writer.publish(makeEntries(published, 2), String(published))).published
    await systemClock.sleep(200)
  }
  const giveUpMs = systemClock.monotonic() + 5_000
  while (read < published && systemClock.monotonic() < giveUpMs) await systemClock.sleep(20)
  assert.equal(read, published)
  assert.ok(published > 50, `${published} were published`)
  await source.close()
  await reading
  await writer.close()
}

function ofOauthListener(jwksUrl: string): Readonly<Record<string, string>> {
  const of = 'listener.name.secured.oauthbearer'
  const module = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule'
  return {
    'listener.name.secured.sasl.enabled.mechanisms': 'OAUTHBEARER',
    [`${of}.sasl.jaas.config`]: `${module} required unsecuredLoginStringClaim_sub="broker";`,
    [`${of}.sasl.server.callback.handler.class`]:
      'org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler',
    [`${of}.sasl.oauthbearer.jwks.endpoint.url`]: jwksUrl,
    [`${of}.sasl.oauthbearer.expected.audience`]: 'kafka',
    [`${of}.connections.max.reauth.ms`]: '3600000',
  }
}
