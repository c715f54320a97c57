import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startFoundation } from './foundation.ts'

test('with a certificate both servers speak https', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'simulator-'))
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const arguments_ =
    '-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=simulator'
  const made = spawnSync('openssl', [
    'req',
    ...arguments_.split(' '),
    ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', certFile],
  ])
  if (made.error !== undefined) {
    if (process.env['REQUIRE_PEERS'] === '1') assert.fail('openssl is not installed: apt-get install openssl')
    return t.skip('openssl is not installed: apt-get install openssl')
  }
  const cert = readFileSync(certFile, 'utf8')
  const foundation = await startFoundation({ tls: { cert, key: readFileSync(keyFile, 'utf8') } })
  const statusOf = (url: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      get(url, { ca: cert, agent: false }, response => {
        response.resume().on('end', () => resolve(response.statusCode))
      }).on('error', reject)
    })
  try {
    assert.match(foundation.api, /^https:/)
    assert.equal(await statusOf(`${foundation.api}/v3/info`), 200)
    assert.equal(await statusOf(`${foundation.uaa}/healthz`), 200)
  } finally {
    await foundation.close()
    rmSync(folder, { recursive: true })
  }
})
