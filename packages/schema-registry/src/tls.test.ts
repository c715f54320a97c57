import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { certificateAuthority } from '@cf-audit-drain/cloud-foundry/testing/certificates'
import { systemClock } from '@cf-audit-drain/pipeline'
import { RegistryClient } from './registry-client.ts'

test('a registry over TLS is asked when its CA is trusted; else the sentence says what to set', async t => {
  const authority = await certificateAuthority()
  t.after(authority.remove)
  const server = createServer(await authority.issue('IP:127.0.0.1'), (_, response) =>
    response.writeHead(200).end('[1,2]'),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const ask = async (caFile: string | null) => {
    const client = new RegistryClient(
      { url, login: null, caFile },
      { clock: systemClock, onWarning: assert.fail, env: {} },
    )
    return client.versions('a', AbortSignal.timeout(10_000)).finally(() => client.close())
  }
  assert.deepEqual(await ask(authority.file), [1, 2])
  await assert.rejects(ask(null), {
    name: 'RegistryError',
    kind: 'unreachable',
    message: /certificate of schema registry at .* is signed by a CA that is not trusted .*set caFile/,
  })
})
