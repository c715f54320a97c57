import { BlockList, isIP } from 'node:net'
import type { End } from './errors.ts'
import { RefusedUrlError } from './errors.ts'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** True for localhost, *.localhost (RFC 6761 §6.3), 127.0.0.0/8 and ::1. `hostname` as in URL.hostname. */
export function isLoopback(hostname: string): boolean {
  const host = hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()
  const family = isIP(host)
  if (family !== 0) return loopback.check(host, family === 4 ? 'ipv4' : 'ipv6')
  return host === 'localhost' || host.endsWith('.localhost')
}

/**
 * The base URL of one end, checked before anything is connected. The path's trailing slash is dropped.
 * @throws RefusedUrlError not an http(s) URL, holds a user or a query, or plain http:// beyond loopback
 */
export function endUrl(
  text: string,
  context: {
    readonly foundation: string | null
    readonly end: End
    readonly setting: string
    readonly insecure: boolean
  },
): URL {
  const refuse = (sentence: string) => new RefusedUrlError(sentence, context)
  const url = URL.parse(text)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw refuse(
      `${context.setting} is not a URL of ${context.end}: write it as https://host, for example https://api.sys.example.com`,
    )
  if (url.username || url.password || url.search || url.hash)
    throw refuse(
      `${context.setting} (${url.host}) must be only https://host[:port]: leave out user, password, query and fragment`,
    )
  if (url.protocol === 'http:' && !context.insecure && !isLoopback(url.hostname))
    throw refuse(
      `${context.end} at ${url.origin} is plain http:// and would get the client's secret or token unencrypted: write https://, or set insecure: true if this network is really yours alone`,
    )
  url.pathname = url.pathname.replace(/\/+$/, '')
  return url
}
