import { Complaint } from './complaint.ts'

const example = 'https://api.sys.example.com'

/** The root of a Cloud Controller: scheme, host, port, nothing else. Gives it without a trailing slash. */
export function parseApiUrl(text: string): string | Complaint {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    return new Complaint('must be the https:// URL of the Cloud Controller', example)
  }
  if (url.username !== '' || url.password !== '') {
    return new Complaint('must not carry a user or password: use clientId and clientSecret', example)
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return new Complaint('must be scheme, host and port alone (paths such as /v3 are added here)', url.origin)
  }
  return url.origin
}

/** Whether traffic to this host stays on this machine. */
export function isLoopback(host: string): boolean {
  const plain = host.replace(/^\[|\]$/g, '')
  return plain === 'localhost' || plain === '::1' || /^127(\.[0-9]{1,3}){3}$/.test(plain)
}

/** `https://api.sys.example.com` → `sys.example.com`: the name a foundation has when it is given none. */
export function foundationNameFromApi(api: string): string {
  const host = new URL(api).hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const name = host
    .replace(/^api\./, '')
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63)
  return name === '' ? 'foundation' : name
}
