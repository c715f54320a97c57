import { isLoopback } from './api-url.ts'
import { Complaint } from './complaint.ts'

const urlExample = 'https://login.example.com/oauth/token'

/** The token endpoint of an OAuth server. A secret and a token go there: never plain to another machine. */
export function parseTokenUrl(text: string): string | Complaint {
  const url = URL.parse(text)
  if (url === null || !['https:', 'http:'].includes(url.protocol))
    return new Complaint('must be the https:// URL of a token endpoint', urlExample)
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    return new Complaint(
      'must not carry a user, password or fragment: use clientId and clientSecret',
      urlExample,
    )
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return new Complaint(
      'is plain http:// to another machine, and the secret could be read on the way',
      urlExample,
    )
  return url.href
}

/** Names are letters alone (RFC 7628 §3.1), `auth` is the token itself. */
export const extensionPattern = '^(?!auth=)[A-Za-z]+=[\\x20-\\x7E]+$'

/** `name=value` */
export function parseExtension(text: string): readonly [name: string, value: string] | Complaint {
  if (!new RegExp(extensionPattern).test(text))
    return new Complaint('must be name=value, the name of letters alone and not auth', 'logicalCluster=lkc-1')
  const at = text.indexOf('=')
  return [text.slice(0, at), text.slice(at + 1)]
}
