import { BlockList, isIP } from 'node:net'
import { isLoopback } from './end-url.ts'

/** HTTPS_PROXY or HTTP_PROXY is no URL of a proxy. Does not quote it: it may hold a password. */
export class ProxySettingError extends Error {
  override readonly name = 'ProxySettingError'
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The proxy for a URL, or null for a direct connection. The conventions of curl and Go: HTTPS_PROXY for https://,
 * HTTP_PROXY for http://, the lower-case name wins, `host:port` alone means http://. NO_PROXY holds, separated by
 * commas or blanks, names (which match their subdomains), `.name` and `*.name` (only subdomains), addresses, CIDR
 * blocks, each with an optional port, or `*`. Loopback is never proxied: a proxy's loopback is another machine.
 * @throws ProxySettingError
 */
export function proxyFor(url: URL, env: Environment): URL | null {
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  const setting = env[name] || env[name.toUpperCase()]
  if (!setting || isLoopback(url.hostname) || isExempt(url, env['no_proxy'] || env['NO_PROXY'] || ''))
    return null
  const proxy = URL.parse(setting.includes('://') ? setting : `http://${setting}`)
  if (!proxy || !/^(https?|socks5?):$/.test(proxy.protocol))
    throw new ProxySettingError(
      `${name.toUpperCase()} is not the URL of a proxy: write it as http://proxy.example.com:3128`,
    )
  return proxy
}

function isExempt(url: URL, noProxy: string): boolean {
  const host = bare(url.hostname)
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return noProxy.split(/[\s,]+/).some(entry => entry !== '' && exempts(entry.toLowerCase(), host, port))
}

function exempts(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true
  const withPort = /^(\[.+\]|[^:]+):(\d+)$/.exec(entry)
  if (withPort && withPort[2] !== port) return false
  const name = bare(withPort?.[1] ?? entry)
  const cidr = /^(.+)\/(\d{1,3})$/.exec(name)
  if (cidr) return inBlock(host, cidr[1] ?? '', Number(cidr[2]))
  if (name.startsWith('*.')) return host.endsWith(name.slice(1))
  if (name.startsWith('.')) return host.endsWith(name)
  return host === name || host.endsWith(`.${name}`)
}

function inBlock(host: string, network: string, bits: number): boolean {
  const family = isIP(network)
  if (family === 0 || isIP(host) !== family || bits > (family === 4 ? 32 : 128)) return false
  const type = family === 4 ? 'ipv4' : 'ipv6'
  const block = new BlockList()
  block.addSubnet(network, bits, type)
  return block.check(host, type)
}

/** Without brackets and the root's dot, lower-case. */
function bare(hostname: string): string {
  return hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()
}
