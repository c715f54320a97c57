import { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext, type SecureContext, type SecureVersion } from 'node:tls'
import { SyslogError } from './syslog-error.ts'

export interface TlsOptions {
  /** PEM; the system's authorities when left out. */
  readonly caFile?: string
  /** PEM, with the chain; together with `keyFile`. */
  readonly certFile?: string
  readonly keyFile?: string
  /** Name the server's certificate must carry; the host when left out. */
  readonly serverName?: string
  /** Default `TLSv1.2`. */
  readonly minVersion?: SecureVersion
}

/**
 * The TLS context of the next connection. The files are looked at each time and read again when one has changed; new ones
 * that cannot be used are warned about once, and the old ones stay in use.
 */
export function tlsFiles(
  options: TlsOptions,
  onWarning: (message: string) => void,
): () => Promise<SecureContext> {
  const { caFile, certFile, keyFile } = options
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new SyslogError(
      'config',
      'a TLS client certificate needs both certFile and keyFile; only one is set',
    )
  }
  const files = [caFile, certFile, keyFile].filter(file => file !== undefined)
  let seen: string | undefined
  let warned: string | undefined
  let context: SecureContext | undefined

  return async () => {
    try {
      const stamp = (await Promise.all(files.map(fileStamp))).join()
      if (context && stamp === seen) return context
      const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map(readPem))
      if (ca) checkAuthorities(ca)
      context = createSecureContext({
        minVersion: options.minVersion ?? 'TLSv1.2',
        ...(ca && { ca }),
        ...(cert && { cert }),
        ...(key && { key }),
      })
      seen = stamp
      warned = undefined
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const text = `the TLS files (${files.join(', ')}) cannot be used: ${reason}`
      if (!context) throw new SyslogError('config', text, { cause: error })
      if (warned !== reason) onWarning(`${text}; the ones read before stay in use`)
      warned = reason
    }
    return context
  }
}

async function fileStamp(file: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(file)
  return `${ino}:${size}:${mtimeMs}`
}

async function readPem(file: string | undefined): Promise<Buffer | undefined> {
  return file === undefined ? undefined : await readFile(file)
}

/** Node passes over what it cannot parse in a CA file, and then trusts nobody. */
function checkAuthorities(pem: Buffer): void {
  const certificates = pem
    .toString('latin1')
    .match(/-----BEGIN [A-Z ]*CERTIFICATE-----[^-]*-----END [A-Z ]*CERTIFICATE-----/g)
  if (!certificates) throw new Error('no certificate in the CA file')
  for (const certificate of certificates) new X509Certificate(certificate)
}
