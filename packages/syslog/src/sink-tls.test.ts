import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { type Clock, systemClock } from '@cf-audit-drain/pipeline'
import { type SyslogSinkOptions, syslogSink } from './sink.ts'
import { Authority, type Certificate } from './testing/certificates.ts'
import { fault, notConnected } from './testing/expected-fault.ts'
import { hurriedClock } from './testing/hurried-clock.ts'
import { hasProgram, isInstalled } from './testing/rsyslogd.ts'
import { sampleBatch } from './testing/sample-event.ts'
import { never, receiver, sinkTo } from './testing/sink-to.ts'

let folder = ''
let authority: Authority
let server: Certificate
before(() => {
  if (!isInstalled('openssl')) return
  folder = mkdtempSync(join(tmpdir(), 'syslog-tls-'))
  authority = new Authority(folder, 'authority.test')
  server = authority.issue('siem.test')
})
after(() => rmSync(folder, { recursive: true, force: true }))

function tlsTest(name: string, prove: (t: TestContext) => Promise<void>): void {
  test(name, async t => {
    if (hasProgram(t, 'openssl', 'openssl')) await prove(t)
  })
}

const material = (certificate: Certificate) => ({
  cert: readFileSync(certificate.certFile),
  key: readFileSync(certificate.keyFile),
})
const tlsReceiver = (t: TestContext, certificate = server, more = {}) =>
  receiver(t, (socket, r) => r.readAll(socket), { ...material(certificate), ...more })

tlsTest('delivers, and check names the certificate', async t => {
  const good = await tlsReceiver(t)
  const sink = sinkTo(good.port, { tls: { caFile: authority.certFile, serverName: 'siem.test' } })
  await sink.connect(never)
  assert.equal((await sink.write(sampleBatch(2_000), never)).length, 2_000)
  assert.equal(good.received.match(/externalId=event-\d+ /g)?.length, 2_000)
  const { tls } = await sink.check(never)
  assert.equal(tls?.protocol, 'TLSv1.3')
  assert.equal(tls?.serverSubject, 'siem.test')
})

tlsTest('the address is a name too, when the certificate has it', async t => {
  const good = await tlsReceiver(t)
  assert.equal(
    (await sinkTo(good.port, { tls: { caFile: authority.certFile } }).write(sampleBatch(1), never)).length,
    1,
  )
})

tlsTest('another authority, another name, an expired certificate: each is said in one sentence', async t => {
  const good = await tlsReceiver(t)
  const stranger = new Authority(folder, 'stranger.test')
  const caFile = authority.certFile
  const write = (port: number, tls: SyslogSinkOptions['tls']) =>
    sinkTo(port, { ...(tls && { tls }) }).write(sampleBatch(1), never)
  await assert.rejects(
    write(good.port, { caFile: stranger.certFile, serverName: 'siem.test' }),
    notConnected('tls', /certificate/),
  )
  await assert.rejects(
    write(good.port, { caFile, serverName: 'other.test' }),
    notConnected('tls', /other\.test/),
  )
  const old = await tlsReceiver(t, authority.issue('old.test', { expired: true }))
  await assert.rejects(write(old.port, { caFile, serverName: 'old.test' }), notConnected('tls', /expired/))
  assert.equal(good.receivedBytes, 0)
})

tlsTest('TLS to a port that speaks plain TCP fails as TLS', async t => {
  const plain = await receiver(t, socket => {
    socket.resume()
    socket.write('hello\n')
  })
  await assert.rejects(sinkTo(plain.port, { tls: {} }).write(sampleBatch(1), never), notConnected('tls'))
})

tlsTest('a handshake that never ends times out', async t => {
  const mute = await receiver(t, socket => socket.resume())
  await assert.rejects(
    sinkTo(mute.port, { tls: {}, connectTimeoutMs: 200 }).write(sampleBatch(1), never),
    notConnected('timeout', /did not accept a connection within 200 ms/),
  )
})

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  tlsTest(
    `${version}: a missing or foreign client certificate is an error that says so, and a good one delivers`,
    async t => {
      const ca = readFileSync(authority.certFile)
      const strict = await tlsReceiver(t, server, {
        ca,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: version,
        maxVersion: version,
      })
      const caFile = authority.certFile
      const to = (clock: Clock, certificate: Partial<Certificate> = {}) =>
        sinkTo(strict.port, { tls: { caFile, serverName: 'siem.test', ...certificate } }, clock)
      const foreign = new Authority(folder, `foreign-${version}.test`).issue('thief.test')
      for (const clock of [systemClock, hurriedClock]) {
        for (let attempt = 0; attempt < 10; attempt++) {
          await assert.rejects(to(clock).write(sampleBatch(1), never), /none is configured/)
          await assert.rejects(to(clock, foreign).write(sampleBatch(1), never), /may refuse our client/)
        }
        await assert.rejects(to(clock).check(never), /none is configured/)
        await assert.rejects(to(clock, foreign).check(never), /may refuse our client certificate/)
        const good = to(clock, authority.issue('client.test'))
        assert.equal((await good.write(sampleBatch(1), never)).length, 1)
        await good.check(never)
      }
    },
  )
}

tlsTest(
  'changed files are used by the next write; broken ones are warned about once and the old ones kept',
  async t => {
    const first = await tlsReceiver(t)
    const other = new Authority(folder, 'second-authority.test')
    const second = await tlsReceiver(t, other.issue('siem2.test'))
    const caFile = join(folder, 'rotating.pem')
    writeFileSync(caFile, readFileSync(authority.certFile))
    const warnings: string[] = []
    const to = (port: number, serverName: string) =>
      syslogSink(
        { host: '127.0.0.1', port, tls: { caFile, serverName } },
        { clock: systemClock, onWarning: text => warnings.push(text) },
      )
    const old = to(first.port, 'siem.test')
    await old.write(sampleBatch(1), never)
    writeFileSync(caFile, '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n')
    await old.write(sampleBatch(1), never)
    await old.write(sampleBatch(1), never)
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? '', /rotating\.pem.*the ones read before stay in use/)
    await assert.rejects(to(first.port, 'siem.test').connect(never), fault('config', /rotating\.pem/))
    writeFileSync(caFile, readFileSync(other.certFile))
    await assert.rejects(old.write(sampleBatch(1), never), notConnected('tls'))
    assert.equal((await to(second.port, 'siem2.test').write(sampleBatch(1), never)).length, 1)
  },
)
