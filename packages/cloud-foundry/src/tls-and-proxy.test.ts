import assert from 'node:assert/strict'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'
import type { CloudController } from './cloud-controller.ts'
import { UnreachableError } from './errors.ts'
import type { Deps, FoundationOptions, Warning } from './options.ts'
import { type CertificateAuthority, certificateAuthority } from './testing/certificates.ts'
import { clientOf, never } from './testing/client-of.ts'
import { type ConnectProxy, connectProxy } from './testing/connect-proxy.ts'
import { json, rootOf, type ScriptedFoundation, scriptedFoundation } from './testing/scripted-foundation.ts'
import { hasOpenssl, tlsTest } from './testing/tls-test.ts'
import { until } from './testing/until.ts'

const window = { fromSec: 1_795_000_000 }
const name = 'api.sys.example.com'

let ca: CertificateAuthority
let otherCa: CertificateAuthority
let proxy: ConnectProxy
let dir: string
/** With a certificate for 127.0.0.1 and for `name`. */
let foundation: ScriptedFoundation

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cf-audit-drain-tls-'))
  proxy = await connectProxy()
  if (!hasOpenssl) return
  ca = await certificateAuthority()
  otherCa = await certificateAuthority('Another CA')
  foundation = await scriptedFoundation(await ca.issue(`IP:127.0.0.1,DNS:${name}`))
})
after(async () => {
  await proxy.close()
  await rm(dir, { recursive: true, force: true })
  if (!hasOpenssl) return
  await foundation.close()
  await Promise.all([ca.remove(), otherCa.remove()])
})

async function withClient<T>(
  origin: string,
  options: Partial<FoundationOptions>,
  work: (controller: CloudController) => Promise<T>,
  deps: Partial<Deps> = {},
): Promise<T> {
  const controller = clientOf(origin, options, deps)
  try {
    return await work(controller)
  } finally {
    await controller.close()
  }
}

async function unreachable(
  origin: string,
  options: Partial<FoundationOptions>,
  deps: Partial<Deps> = {},
): Promise<UnreachableError> {
  const requests: unknown[] = []
  return withClient(
    origin,
    options,
    async controller => {
      try {
        await controller.discover(never)
      } catch (error) {
        assert.ok(error instanceof UnreachableError, inspect(error))
        if (!error.retryable) assert.equal(requests.length, 1, 'tried once')
        return error
      }
      throw new Error('it was reached')
    },
    { onRequest: request => requests.push(request), ...deps },
  )
}

tlsTest('a private CA in caFile is trusted, UAA and Cloud Controller', async () => {
  assert.equal(
    await withClient(foundation.origin, { caFile: ca.file }, one => one.countAuditEvents(window, never)),
    0,
  )
})

tlsTest('a private CA without caFile: the sentence says to set it', async () => {
  const error = await unreachable(foundation.origin, {})
  assert.match(error.message, /signed by a CA that is not trusted .*: set caFile/)
  assert.equal(error.retryable, false)
})

tlsTest('the wrong CA in caFile: the sentence names the file', async () => {
  const error = await unreachable(foundation.origin, { caFile: otherCa.file })
  assert.ok(error.message.includes(`caFile ${otherCa.file} does not hold the CA`), error.message)
})

tlsTest('an expired certificate and one for another name each have their sentence', async () => {
  const expired = await scriptedFoundation(await ca.issue('IP:127.0.0.1', { expired: true }))
  const misnamed = await scriptedFoundation(await ca.issue('DNS:other.example.com'))
  try {
    assert.match((await unreachable(expired.origin, { caFile: ca.file })).message, /has expired: renew it/)
    assert.match(
      (await unreachable(misnamed.origin, { caFile: ca.file })).message,
      /is not for the name 127\.0\.0\.1/,
    )
  } finally {
    await Promise.all([expired.close(), misnamed.close()])
  }
})

test('https:// to a port without TLS has its sentence', async () => {
  const plain = await scriptedFoundation()
  try {
    assert.match(
      (await unreachable(`https://127.0.0.1:${plain.port}`, {})).message,
      /does not speak TLS|TLS with/,
    )
  } finally {
    await plain.close()
  }
})

tlsTest('a caFile that is missing, holds no certificate or a damaged one is named', async () => {
  const missing = join(dir, 'missing.pem')
  assert.ok(
    (await unreachable(foundation.origin, { caFile: missing })).message.includes(
      `caFile ${missing} cannot be read (ENOENT)`,
    ),
  )
  const empty = join(dir, 'empty.pem')
  await writeFile(empty, 'hello')
  assert.match(
    (await unreachable(foundation.origin, { caFile: empty })).message,
    /holds no certificate: it must be PEM/,
  )
  await writeFile(empty, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  assert.match(
    (await unreachable(foundation.origin, { caFile: empty })).message,
    /certificate 1 of 1 is damaged/,
  )
})

tlsTest(
  'caFile is read again when it changes; a bad change is warned of and what was trusted stays',
  async () => {
    const file = join(dir, 'rotated.pem')
    await copyFile(otherCa.file, file)
    const warnings: Warning[] = []
    await withClient(
      foundation.origin,
      { caFile: file },
      async controller => {
        await assert.rejects(controller.countAuditEvents(window, never), UnreachableError)
        await copyFile(ca.file, file)
        assert.equal(await controller.countAuditEvents(window, never), 0)
        await writeFile(file, 'damaged by a deployment')
        assert.equal(await controller.countAuditEvents(window, never), 0)
        assert.equal(await controller.countAuditEvents(window, never), 0)
        assert.equal(warnings.length, 1)
        assert.match(warnings[0]?.message ?? '', /holds no certificate.*stays trusted/)
      },
      { onWarning: warning => warnings.push(warning) },
    )
  },
)

tlsTest(
  'HTTPS_PROXY: requests go through CONNECT, TLS is with the real end, the proxy gets its login',
  async () => {
    const origin = `https://${name}:${foundation.port}`
    foundation.root = json(200, rootOf(origin))
    proxy.asked.length = 0
    const env = { HTTPS_PROXY: `http://mr:p%40ss-of-proxy@127.0.0.1:${proxy.port}` }
    await withClient(
      origin,
      { caFile: ca.file },
      async controller => {
        assert.equal(await controller.countAuditEvents(window, never), 0)
        await Promise.all([controller.countAuditEvents(window, never), controller.discover(never)])
      },
      { env },
    )
    assert.ok(proxy.asked.length >= 1 && proxy.asked.length <= 2)
    assert.ok(proxy.asked.every(asked => asked === `${name}:${foundation.port}`))
    assert.equal(proxy.authorizations.at(-1), `Basic ${Buffer.from('mr:p@ss-of-proxy').toString('base64')}`)
    foundation.root = json(200, rootOf(foundation.origin))
    await until(() => foundation.sockets.size === 0, 'no tunnel left')
  },
)

tlsTest('through the proxy a wrong CA and a wrong name are still found out', async () => {
  const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }
  const wrongCa = await unreachable(`https://${name}:${foundation.port}`, { caFile: otherCa.file }, { env })
  assert.match(wrongCa.message, /does not hold the CA/)
  const wrongName = await unreachable(
    `https://elsewhere.example.com:${foundation.port}`,
    { caFile: ca.file },
    { env },
  )
  assert.match(wrongName.message, /is not for the name elsewhere\.example\.com/)
})

tlsTest(
  'a proxy that refuses, wants a login, is not there or says nothing is named without its password',
  async () => {
    const env = { HTTPS_PROXY: `http://mr:p-of-proxy@127.0.0.1:${proxy.port}` }
    const origin = `https://${name}:${foundation.port}`
    const options = { caFile: ca.file, retry: { tries: 2 }, requestTimeoutMs: 300 }
    const said = async (status: number) => {
      proxy.status = status
      const error = await unreachable(origin, options, { env })
      assert.ok(!inspect(error).includes('p-of-proxy'))
      return error
    }
    try {
      assert.match(
        (await said(403)).message,
        new RegExp(`the proxy 127\\.0\\.0\\.1:${proxy.port} answered 403`),
      )
      assert.match((await said(407)).message, /wants a login \(407\)/)
      assert.equal((await said(503)).retryable, true)
      assert.match((await said(0)).message, /no answer through the proxy/)
    } finally {
      proxy.status = 200
    }
    const nowhere = await unreachable(origin, options, {
      env: { https_proxy: 'http://mr:p-of-proxy@127.0.0.1:1' },
    })
    assert.match(nowhere.message, /through the proxy 127\.0\.0\.1:1: the connection is refused/)
    const nonsense = await unreachable(origin, options, { env: { HTTPS_PROXY: 'ftp://p-of-proxy@x' } })
    assert.match(nonsense.message, /HTTPS_PROXY is not the URL of a proxy/)
    assert.ok(!nonsense.message.includes('p-of-proxy'))
  },
)

test('HTTP_PROXY forwards plain http:// where that is allowed', async () => {
  const plain = await scriptedFoundation()
  const origin = `http://${name}:${plain.port}`
  plain.root = json(200, rootOf(origin))
  try {
    const env = { HTTP_PROXY: `http://127.0.0.1:${proxy.port}` }
    const count = await withClient(origin, { insecure: true }, one => one.countAuditEvents(window, never), {
      env,
    })
    assert.equal(count, 0)
    assert.ok(proxy.asked.some(asked => asked.startsWith(`${origin}/v3/audit_events?`)))
  } finally {
    await plain.close()
  }
})

tlsTest('loopback is never proxied', async () => {
  proxy.asked.length = 0
  const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, HTTP_PROXY: `http://127.0.0.1:${proxy.port}` }
  await withClient(foundation.origin, { caFile: ca.file }, one => one.countAuditEvents(window, never), {
    env,
  })
  assert.equal(proxy.asked.length, 0)
})
