import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { connectionFault } from './connection-fault.ts'
import { KafkaStateError, KafkaUnavailableError } from './kafka-error.ts'

/** Goal: TLS is told by its own sign, whatever the listener makes of a client without a certificate. */
describe('a port that answers nothing to a client without TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'connection-fault-tls-'))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]

  before(() => {
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1']
    execFileSync('openssl', [...request, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  })
  after(() => rmSync(folder, { recursive: true }))

  const tlsServer = (options: TlsOptions) => {
    const files = { key: readFileSync(key), cert: readFileSync(certificate), ca: readFileSync(certificate) }
    return createTlsServer({ ...files, ...options }, socket => socket.on('error', () => undefined))
  }
  const mutual = { requestCert: true, rejectUnauthorized: true } as const
  const old = 'DEFAULT@SECLEVEL=0'
  const listeners: Readonly<Record<string, TlsOptions>> = {
    'that asks for no certificate': {},
    'that wants a certificate by TLS 1.3': { ...mutual, minVersion: 'TLSv1.3' },
    'that wants a certificate by TLS 1.2': { ...mutual, maxVersion: 'TLSv1.2' },
    'that speaks only TLS 1.1': { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: old },
  }
  for (const [name, options] of Object.entries(listeners))
    test(`is said to speak TLS where it is a TLS listener ${name}`, async t => {
      const broker = await listening(t, tlsServer(options))
      const fault = await connectionFault({ brokers: [broker] })
      assert.ok(fault instanceof KafkaStateError, String(fault))
      assert.equal(
        fault.message,
        `${broker} speaks TLS, and log.kafka.tls is not set: write tls: true, or tls: { caFile: … } (KAFKA_TLS_CA_FILE)`,
      )
    })

  const others: Readonly<Record<string, () => Server>> = {
    'of HTTP': () => createHttpServer(),
    'that ends each connection': () => createServer(socket => socket.destroy()),
    'that ends each connection once it was written to': () =>
      createServer(socket => socket.once('data', () => socket.end())),
    'that answers nothing': () => createServer(socket => socket.on('error', () => undefined)),
  }
  for (const [name, server] of Object.entries(others))
    test(`is not called TLS where it is one ${name}`, async t => {
      const fault = await connectionFault({ brokers: [await listening(t, server())] })
      assert.ok(fault instanceof KafkaUnavailableError, String(fault))
      assert.match(fault.message, /^cannot reach Kafka: 127\.0\.0\.1:\d+ /)
      assert.doesNotMatch(fault.message, /TLS|tls/)
    })
})

async function listening(t: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  return `127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`
}
