import { Complaint } from './complaint.ts'
import { nearestName } from './nearest-name.ts'

export interface SinkUrl {
  readonly transport: 'tcp' | 'tls'
  /** Without brackets. */
  readonly host: string
  readonly port: number
  /** Options of the query, as written: they mean the same as the keys of that name beside `url`. */
  readonly options: ReadonlyMap<SinkUrlOption, string>
  /** A missing port, and options that are unknown or given twice. With any of them the rest must not be used. */
  readonly complaints: readonly Complaint[]
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

const schemes: Readonly<Record<string, { readonly transport: 'tcp' | 'tls'; readonly usualPort: number }>> = {
  'syslog:': { transport: 'tcp', usualPort: 514 },
  'syslog-tls:': { transport: 'tls', usualPort: 6514 }, // RFC 5425 section 4.1
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
  const query = parseOptions(url, bare)
  const missingPort = url.port === '' ? [new Complaint('names no port', `${bare}:${scheme.usualPort}`)] : []
  return {
    transport: scheme.transport,
    host: decodeURIComponent(url.hostname).replace(/^\[|\]$/g, ''),
    port: Number(url.port),
    options: query.options,
    complaints: [...missingPort, ...query.complaints],
  }
}

function parseOptions(url: URL, bare: string): Pick<SinkUrl, 'options' | 'complaints'> {
  const options = new Map<SinkUrlOption, string>()
  const complaints = new Map<string, Complaint>()
  for (const [name, value] of url.searchParams) {
    const known = sinkUrlOptions.find(option => option === name)
    if (known === undefined) complaints.set(name, unknownOption(name, bare))
    else if (options.has(known))
      complaints.set(name, new Complaint(`gives the option ${known} twice`, `give ${known} once`, true))
    else options.set(known, value)
  }
  return { options, complaints: [...complaints.values()] }
}

function unknownOption(name: string, bare: string): Complaint {
  const meant = nearestName(name, sinkUrlOptions)
  return new Complaint(
    `has an unknown option ${JSON.stringify(name)}`,
    meant === undefined ? `the options are ${sinkUrlOptions.join(', ')}` : `did you mean ${bare}?${meant}=…?`,
    true,
  )
}
