import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A private CA made with openssl, in a directory that `remove` takes away. */
export interface CertificateAuthority {
  readonly file: string
  /** A server's key and certificate for the names, e.g. `IP:127.0.0.1` or `DNS:api.example.com`. */
  issue(
    names: string,
    options?: { readonly expired?: boolean },
  ): Promise<{ readonly key: string; readonly cert: string }>
  remove(): Promise<void>
}

export async function certificateAuthority(name = 'Test CA'): Promise<CertificateAuthority> {
  const dir = await mkdtemp(join(tmpdir(), 'cf-audit-drain-ca-'))
  const openssl = (...args: string[]) => run('openssl', args, { cwd: dir })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '30',
    '-subj',
    `/CN=${name}`,
  )
  let serial = 0
  return {
    file: join(dir, 'ca.pem'),
    async issue(names, { expired = false } = {}) {
      const file = `server-${++serial}`
      const days = expired ? '-1' : '30'
      await writeFile(join(dir, `${file}.ext`), `subjectAltName=${names}\n`)
      await openssl('req', ...newKey, '-keyout', `${file}.key`, '-out', `${file}.csr`, '-subj', '/CN=server')
      await openssl(
        'x509',
        '-req',
        '-in',
        `${file}.csr`,
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-set_serial',
        String(serial),
        '-days',
        days,
        '-extfile',
        `${file}.ext`,
        '-out',
        `${file}.pem`,
      )
      return {
        key: await readFile(join(dir, `${file}.key`), 'utf8'),
        cert: await readFile(join(dir, `${file}.pem`), 'utf8'),
      }
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  }
}
