import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProxySettingError, proxyFor } from './proxy.ts'

const proxy = 'http://proxy.example.com:3128'
const used = (url: string, env: Record<string, string>) => proxyFor(new URL(url), env)?.origin ?? null

test('HTTPS_PROXY is for https, HTTP_PROXY for http, and the lower-case name wins', () => {
  assert.equal(used('https://api.x.com', { HTTPS_PROXY: proxy }), proxy)
  assert.equal(used('http://api.x.com', { HTTP_PROXY: proxy }), proxy)
  assert.equal(used('https://api.x.com', { HTTP_PROXY: proxy }), null)
  assert.equal(used('http://api.x.com', { HTTPS_PROXY: proxy }), null)
  assert.equal(used('https://api.x.com', { HTTPS_PROXY: 'http://other', https_proxy: proxy }), proxy)
  assert.equal(used('https://api.x.com', { HTTPS_PROXY: '' }), null)
  assert.equal(used('https://api.x.com', { HTTPS_PROXY: 'proxy.example.com:3128' }), proxy)
  assert.throws(() => used('https://api.x.com', { HTTPS_PROXY: 'ftp://user:pass@x' }), ProxySettingError)
})

test('NO_PROXY names hosts, domains, addresses, blocks and ports', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['x.com', 'https://api.x.com', true],
    ['x.com', 'https://x.com', true],
    ['x.com', 'https://notx.com', false],
    ['.x.com', 'https://api.x.com', true],
    ['.x.com', 'https://x.com', false],
    ['*.x.com', 'https://api.sys.x.com', true],
    ['API.X.com', 'https://api.x.com', true],
    ['api.x.com:8443', 'https://api.x.com:8443', true],
    ['api.x.com:8443', 'https://api.x.com', false],
    ['api.x.com:443', 'https://api.x.com', true],
    ['10.0.0.0/8', 'https://10.1.2.3', true],
    ['10.0.0.0/8', 'https://11.1.2.3', false],
    ['10.0.0.0/8', 'https://api.x.com', false],
    ['10.0.0.0/99', 'https://10.1.2.3', false],
    ['fd00::/8', 'https://[fd00::1]', true],
    ['[fd00::1]:443', 'https://[fd00::1]', true],
    ['10.1.2.3', 'https://10.1.2.3', true],
    ['a.com, ,x.com', 'https://api.x.com', true],
    ['a.com x.com', 'https://api.x.com', true],
    ['*', 'https://api.x.com', true],
    ['', 'https://api.x.com', false],
  ]
  for (const [noProxy, url, exempt] of cases) {
    for (const name of ['NO_PROXY', 'no_proxy'])
      assert.equal(
        used(url, { HTTPS_PROXY: proxy, [name]: noProxy }),
        exempt ? null : proxy,
        `${noProxy} ${url}`,
      )
  }
})

test('loopback needs no NO_PROXY', () => {
  for (const host of ['localhost', '127.0.0.1', '127.8.9.1', '[::1]', 'api.localhost'])
    assert.equal(used(`https://${host}:8443`, { HTTPS_PROXY: proxy }), null, host)
})
