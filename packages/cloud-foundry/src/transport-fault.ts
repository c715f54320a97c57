import { BrokenAnswerError, type CloudFoundryError, type FaultFacts, UnreachableError } from './errors.ts'
import { ProxySettingError } from './proxy.ts'
import { CaFileError } from './trust.ts'

interface Context {
  /** "Cloud Controller at https://…" */
  readonly where: string
  readonly url: URL
  readonly proxy: string | null
  readonly caFile: string | undefined
  readonly facts: FaultFacts
}

/** What a failure below HTTP means: no answer, or (with a status in the facts) an answer that broke off. */
export function transportFault(error: unknown, context: Context): CloudFoundryError {
  const code = codeOf(error)
  const facts = { ...context.facts, ...(code !== null && { code }) }
  const through = context.proxy ? ` through the proxy ${context.proxy}` : ''
  if (error instanceof CaFileError || error instanceof ProxySettingError)
    return new UnreachableError(`${context.where} cannot be asked: ${error.message}`, {
      ...facts,
      retryable: false,
    })
  if (error instanceof Error && 'code' in error && error.code === 'UND_ERR_PRX_TLS')
    return new UnreachableError(
      `the certificate of the proxy ${context.proxy} is not good (${code}): correct it, or name the proxy with http://`,
      { ...facts, retryable: false },
    )
  const proxyStatus = /Proxy response \((\d+)\)/.exec(error instanceof Error ? error.message : '')?.[1]
  if (
    proxyStatus === '407' ||
    /Proxy Authentication Required/.test(error instanceof Error ? error.message : '')
  )
    return new UnreachableError(
      `the proxy ${context.proxy} wants a login (407) before it lets us reach ${context.where}: write it as http://user:password@host:port`,
      { ...facts, retryable: false },
    )
  if (proxyStatus !== undefined)
    return new UnreachableError(
      `the proxy ${context.proxy} answered ${proxyStatus} when asked for ${context.where}: it must allow CONNECT to that host, or NO_PROXY must name it`,
      { ...facts, retryable: proxyStatus.startsWith('5') || proxyStatus === '429' },
    )
  const tls = code === null ? null : tlsSentence(code, context)
  if (tls !== null) return new UnreachableError(tls, { ...facts, retryable: false })
  if (context.facts.status !== undefined)
    return new BrokenAnswerError(
      `the answer of ${context.where} broke off before its end; nothing of it counts`,
      facts,
    )
  return new UnreachableError(`${context.where} cannot be reached${through}: ${plainSentence(code)}`, {
    ...facts,
    retryable: true,
  })
}

function tlsSentence(code: string, { where, url, caFile }: Context): string | null {
  const ca =
    caFile === undefined
      ? 'set caFile to the PEM file of the CA that signed it'
      : `caFile ${caFile} does not hold the CA that signed it`
  switch (code) {
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'CERT_SIGNATURE_FAILURE':
    case 'CERT_UNTRUSTED':
    case 'INVALID_CA':
      return `the certificate of ${where} is signed by a CA that is not trusted (${code}): ${ca}`
    case 'CERT_HAS_EXPIRED':
      return `the certificate of ${where}, or of the CA above it, has expired: renew it, or set the clock of this machine right`
    case 'CERT_NOT_YET_VALID':
      return `the certificate of ${where} is not yet valid: is the clock of this machine right?`
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate of ${where} is not for the name ${url.hostname}: use a name it holds, or let it hold this one (caFile cannot mend that)`
    case 'CERT_REVOKED':
      return `the certificate of ${where} is revoked`
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return `${where} does not speak TLS on that port: is the port right?`
  }
  if (code.startsWith('CERT_') || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_'))
    return `TLS with ${where} failed (${code}): check its certificate, its TLS version (1.2 or newer) and caFile`
  return null
}

function plainSentence(code: string | null): string {
  switch (code) {
    case 'ENOTFOUND':
      return 'its name is unknown to DNS (ENOTFOUND); check the URL and the resolver of this machine'
    case 'EAI_AGAIN':
      return 'DNS does not answer (EAI_AGAIN); check the resolver of this machine'
    case 'ECONNREFUSED':
      return 'the connection is refused (ECONNREFUSED); check host and port, and that it is running'
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
      return `there is no route to it (${code}); check the network between`
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return 'connecting timed out; check the network and firewalls between'
    case 'ECONNRESET':
    case 'UND_ERR_SOCKET':
    case 'EPIPE':
      return 'the connection was closed before an answer came'
    default:
      return `the connection failed (${code ?? 'unknown error'})`
  }
}

/** The innermost code that says something. Undici and Happy Eyeballs wrap what happened. */
function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  const own = 'code' in error && typeof error.code === 'string' ? error.code : null
  const inner = error instanceof AggregateError ? codeOf(error.errors[0]) : codeOf(error.cause)
  return inner ?? own
}
