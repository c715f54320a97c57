import { Complaint } from './complaint.ts'

const example = 'https://registry.example.com'

/** The root of the API of a schema registry, without a slash at its end. */
export function parseRegistryUrl(text: string): string | Complaint {
  const url = URL.parse(text)
  if (url === null || !['https:', 'http:'].includes(url.protocol))
    return new Complaint('must be the https:// or http:// URL of a schema registry', example)
  if (url.username !== '' || url.password !== '')
    return new Complaint('must not carry a user or password: use username and passwordFile', example)
  if (url.search !== '' || url.hash !== '')
    return new Complaint('must not carry a query or fragment: it is the root of the API', example)
  return url.href.replace(/\/+$/, '')
}
