import { Complaint } from './complaint.ts'
import { nearestName } from './nearest-name.ts'

export interface SinkUrl {
  readonly transport: 'tcp' | 'tls'
  /** Without brackets. */
  readonly host: string
  readonly port: number
  /** Options of the query, as written: they mean the same as the keys of that name beside `url`. */
  readonly options: ReadonlyMap<SinkUrlOption, string>
}

/** What may stand in the query of a sink's URL. */
export const sinkUrlOptions = [
  'format',
  'framing',
  'caFile',
  'certFile',
  'keyFile',
  'serverName',
  'minVersion',
  'maxMessageBytes',
  'facility',
  'confirmTimeout',
  'avoidEquals',
  'leadingSpace',
] as const
export type SinkUrlOption = (typeof sinkUrlOptions)[number]

const schemes: Readonly<Record<string, { readonly transport: 'tcp' | 'tls'; readonly port: number }>> = {
  'syslog:': { transport: 'tcp', port: 514 },
  'syslog-tls:': { transport: 'tls', port: 6514 }, // RFC 5425 section 4.1
}

const example = 'syslog-tls://siem.example.com:6514?format=cef'

/** `syslog://host:port` or `syslog-tls://host:port`, each with options as a query. */
export function parseSinkUrl(text: string): SinkUrl | Complaint {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const scheme = schemes[url?.protocol ?? '']
  if (url === undefined || scheme === undefined) {
    return new Complaint('must be syslog://host:port or syslog-tls://host:port', example)
  }
  const bare = `${url.protocol}//${url.host === '' ? 'siem.example.com:6514' : url.host}`
  if (url.username !== '' || url.password !== '') {
    return new Complaint('must not carry a user or password: syslog has none', bare)
  }
  if (url.hostname === '') return new Complaint('names no host', example)
  if (url.port === '0') return new Complaint('must have a port from 1 to 65535', example)
  if ((url.pathname !== '' && url.pathname !== '/') || url.hash !== '') {
    return new Complaint('must have nothing after the port but ?options', bare)
  }
  const options = parseOptions(url, bare)
  if (options instanceof Complaint) return options
  return {
    transport: scheme.transport,
    host: decodeURIComponent(url.hostname).replace(/^\[|\]$/g, ''),
    port: url.port === '' ? scheme.port : Number(url.port),
    options,
  }
}

function parseOptions(url: URL, bare: string): ReadonlyMap<SinkUrlOption, string> | Complaint {
  const options = new Map<SinkUrlOption, string>()
  for (const [name, value] of url.searchParams) {
    const known = sinkUrlOptions.find(option => option === name)
    if (known === undefined) {
      const meant = nearestName(name, sinkUrlOptions)
      return new Complaint(
        `has an unknown option ${JSON.stringify(name)}`,
        meant === undefined
          ? `the options are ${sinkUrlOptions.join(', ')}`
          : `did you mean ${bare}?${meant}=…`,
        true,
      )
    }
    if (options.has(known))
      return new Complaint(`gives the option ${known} twice`, `give ${known} once`, true)
    options.set(known, value)
  }
  return options
}
