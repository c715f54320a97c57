import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { KafkaConfig, TlsConfig } from '@cf-audit-drain/config'
import { skipWithoutKafka, startKafka } from '@cf-audit-drain/kafka-broker'
import { makeEntries } from '@cf-audit-drain/log/contract-suite'
import { openKafkaLog } from '@cf-audit-drain/log/kafka'
import { systemClock } from '@cf-audit-drain/pipeline'
import { Authority, type Certificate } from '@cf-audit-drain/syslog/testing/certificates'
import { kafkaOptions } from './kafka-options.ts'

/** Goal: mutual TLS with a broker that asks every client for a certificate, and certificates that are rotated on disk. */
test('mutual TLS: only a trusted client is let in, and a rotated certificate is taken for the next connection', {
  timeout: 120_000,
}, async t => {
  if (skipWithoutKafka(t)) return
  const folder = mkdtempSync(join(tmpdir(), 'kafka-tls-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const authority = new Authority(folder, 'authority.test')
  const broker = authority.issue('broker.test')
  const kafka = await startKafka({ secured: 'SSL', properties: ofTlsListener(folder, authority, broker) })
  t.after(() => kafka.stop())
  if (!kafka.isOurs) return t.skip('KAFKA_BROKERS is set: whom its brokers trust is not ours to say')

  const open = (tls: Partial<TlsConfig>) => {
    const config = configOf(kafka.secured, { ...noTls, caFile: authority.certFile, ...tls })
    const log = openKafkaLog(
      kafkaOptions(
        config,
        { mode: 'write', waits: 'machine' },
        { clock: systemClock, warn: () => undefined },
      ),
      {
        clock: systemClock,
      },
    )
    t.after(() => log.close())
    return log
  }
  const client = authority.issue('client.test')

  await t.test('a client with a certificate of the authority publishes and reads', async () => {
    const log = open(client)
    const writer = await log.writer('lab')
    await writer.publish(makeEntries(0, 5), 'five')
    await writer.close()
    assert.equal((await Array.fromAsync(log.events({}))).length, 5)
  })

  await t.test(
    'rotated files are taken by the next connection of the same client; others are told what is wrong',
    async () => {
      const stranger = new Authority(folder, 'stranger.test').issue('stranger-client.test')
      const rotated: Certificate = {
        certFile: join(folder, 'rotated.pem'),
        keyFile: join(folder, 'rotated.key'),
      }
      const put = ({ certFile, keyFile }: Certificate) => {
        copyFileSync(certFile, rotated.certFile)
        copyFileSync(keyFile, rotated.keyFile)
      }
      put(stranger)
      const log = open(rotated)
      const says = (tls: Partial<TlsConfig>, sentence: RegExp) =>
        assert.rejects(open(tls).writer('lab'), sentence)
      await Promise.all([
        assert.rejects(log.writer('lab'), /does not take the certificate.*log\.kafka\.tls\.certFile/),
        says({}, /does not take the certificate.* or wants one: check log\.kafka\.tls\.certFile/),
        says({ ...client, caFile: null }, /log\.kafka\.tls\.caFile/),
        says({ ...client, serverName: 'another.test' }, /log\.kafka\.tls\.serverName/),
      ])
      put(client)
      const writer = await log.writer('lab')
      assert.equal(writer.checkpoint, 'five')
      await writer.close()
    },
  )
})

const noTls: TlsConfig = {
  caFile: null,
  certFile: null,
  keyFile: null,
  serverName: null,
  minVersion: 'TLSv1.2',
}

function configOf(brokers: readonly string[], tls: TlsConfig): KafkaConfig {
  return {
    brokers,
    prefix: 'tls',
    createTopics: true,
    replicationFactor: 1,
    topics: { retentionMs: null, minInsyncReplicas: 1 },
    delivery: 'exactly-once',
    tls,
    sasl: null,
    schemaRegistry: null,
    rack: null,
    sessionTimeoutMs: 6_000,
  }
}

/** A PEM key store is one file with the key and its certificate. */
function ofTlsListener(
  folder: string,
  authority: Authority,
  { certFile, keyFile }: Certificate,
): Readonly<Record<string, string>> {
  const keyStore = join(folder, 'broker-store.pem')
  writeFileSync(keyStore, readFileSync(keyFile, 'utf8') + readFileSync(certFile, 'utf8'))
  const of = 'listener.name.secured.ssl'
  return {
    [`${of}.client.auth`]: 'required',
    [`${of}.keystore.type`]: 'PEM',
    [`${of}.keystore.location`]: keyStore,
    [`${of}.truststore.type`]: 'PEM',
    [`${of}.truststore.location`]: authority.certFile,
  }
}
