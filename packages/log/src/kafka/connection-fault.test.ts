import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, startKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { connectionFault } from './connection-fault.ts'
import { KafkaStateError, KafkaUnavailableError } from './kafka-error.ts'
import { openKafkaLog } from './kafka-log.ts'
import type { KafkaOptions } from './kafka-options.ts'

const given = process.env['KAFKA_BROKERS'] ? 'KAFKA_BROKERS is set: its listeners are not ours' : null
const login = { mechanism: 'plain', username: 'drain', password: 'right' } as const
const secured = { users: { drain: 'right' } }

describe('the way to Kafka', { skip: reasonToSkipKafka() || (given ?? false) }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'connection-fault-'))
  let plain: KafkaCluster
  let tls: KafkaCluster

  before(async () => {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
    const named = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2']
    execFileSync('openssl', [...request, '-keyout', key, '-out', certificate, ...named], { stdio: 'ignore' })
    const pemFile = join(folder, 'both.pem')
    writeFileSync(pemFile, readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'))
    plain = await startKafka({ secured })
    tls = await startKafka({ secured: { ...secured, pemFile } })
  })
  after(async () => {
    await plain?.stop()
    await tls?.stop()
    rmSync(folder, { recursive: true })
  })
  const ca = () => readFileSync(join(folder, 'certificate.pem'))

  /** The settings that are right for none of the brokers, by the sentence that says so. */
  const wrong: Readonly<Record<string, readonly [() => KafkaOptions, RegExp]>> = {
    'TLS to a port without': [
      () => ({ brokers: plain.brokers, ssl: true }),
      /speaks no TLS, and log\.kafka\.tls is set/,
    ],
    'no TLS to a port with it': [
      () => ({ brokers: tls.secured, sasl: login }),
      /speaks TLS, and log\.kafka\.tls is not set/,
    ],
    'an authority that is not known': [
      () => ({ brokers: tls.secured, ssl: true, sasl: login }),
      /certificate of 127\.0\.0\.1:\d+ is not accepted \(DEPTH_ZERO_SELF_SIGNED_CERT\): set log\.kafka\.tls\.caFile/,
    ],
    'a name the certificate does not carry': [
      () => ({ brokers: tls.secured, ssl: { ca: ca(), servername: 'kafka.example.com' }, sasl: login }),
      /ERR_TLS_CERT_ALTNAME_INVALID\): .*log\.kafka\.tls\.serverName/,
    ],
    'no login where one is wanted': [
      () => ({ brokers: plain.secured }),
      /wants a login, and log\.kafka\.sasl is not set: it takes PLAIN, SCRAM-SHA-512/,
    ],
    'a login where there is none': [
      () => ({ brokers: plain.brokers, sasl: login }),
      /has no login, and log\.kafka\.sasl is set/,
    ],
    'a mechanism that is not offered': [
      () => ({ brokers: plain.secured, sasl: { ...login, mechanism: 'scram-sha-256' } }),
      /takes no login by SCRAM-SHA-256: set log\.kafka\.sasl\.mechanism to one of PLAIN, SCRAM-SHA-512/,
    ],
  }
  for (const [name, [options, says]] of Object.entries(wrong))
    test(`${name} is said, and is the operator's to mend`, async () => {
      const fault = await connectionFault(options())
      assert.ok(fault instanceof KafkaStateError, String(fault))
      assert.match(fault.message, says)
      assert.doesNotMatch(fault.message, /right/)
      const log = openKafkaLog(options(), { clock: systemClock })
      await assert.rejects(log.writer('lab'), { name: 'KafkaStateError', message: says })
      await log.close()
    })

  test('brokers that cannot be reached are each told with why, and may come back', async () => {
    const fault = await connectionFault({ brokers: ['127.0.0.1:1', 'no-such-host.invalid:9092'] })
    assert.ok(fault instanceof KafkaUnavailableError)
    assert.match(
      fault.message,
      /127\.0\.0\.1:1 refuses connections \(ECONNREFUSED\); no-such-host\.invalid:9092 has a name/,
    )
  })

  test('one broker that can be reached is enough, and the right settings have no fault', async () => {
    assert.equal(await connectionFault({ brokers: ['127.0.0.1:1', ...plain.brokers] }), null)
    assert.equal(await connectionFault({ brokers: plain.secured, sasl: login }), null)
    assert.equal(await connectionFault({ brokers: tls.secured, sasl: login, ssl: { ca: ca() } }), null)
  })

  for (const mechanism of ['plain', 'scram-sha-512'] as const)
    test(`a wrong password is refused with a sentence that does not hold it (${mechanism})`, async () => {
      const sasl = { mechanism, username: 'drain', password: 'wrong-secret' } as NonNullable<
        KafkaOptions['sasl']
      >
      const log = openKafkaLog({ brokers: plain.secured, sasl }, { clock: systemClock })
      await assert.rejects(log.writer('lab'), (error: unknown) => {
        assert.ok(error instanceof KafkaStateError, String(error))
        assert.match(error.message, /Kafka refuses the login: .*; check log\.kafka\.sasl/)
        assert.doesNotMatch(error.message, /wrong-secret/)
        return true
      })
      await log.close()
    })
})
