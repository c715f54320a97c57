import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
}

/** An authority of the test's own, by the `openssl` command. Names end in `.test`, and nothing outlives the folder. */
export class Authority {
  readonly certFile: string
  readonly #keyFile: string
  readonly #folder: string

  constructor(folder: string, name: string) {
    this.#folder = folder
    this.certFile = join(folder, `${name}.pem`)
    this.#keyFile = join(folder, `${name}.key`)
    openssl(
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${name} -keyout ${this.#keyFile} -out ${this.certFile}`,
    )
  }

  issue(name: string, options: { readonly expired?: boolean } = {}): Certificate {
    const file = (suffix: string) =>
      join(this.#folder, `${name}${options.expired ? '-expired' : ''}.${suffix}`)
    writeFileSync(
      file('ext'),
      `subjectAltName=DNS:${name},IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n`,
    )
    openssl(
      `req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=${name} -keyout ${file('key')} -out ${file('csr')}`,
    )
    if (options.expired) this.#issueExpired(file)
    else
      openssl(
        `x509 -req -in ${file('csr')} -CA ${this.certFile} -CAkey ${this.#keyFile} -CAcreateserial -days 2 -extfile ${file('ext')} -out ${file('pem')}`,
      )
    return { certFile: file('pem'), keyFile: file('key') }
  }

  /** `openssl x509` of OpenSSL 3.0 takes no dates; `openssl ca` does. */
  #issueExpired(file: (suffix: string) => string): void {
    writeFileSync(join(this.#folder, 'index.txt'), '')
    writeFileSync(join(this.#folder, 'serial'), '1000\n')
    writeFileSync(
      file('cnf'),
      `[ca]\ndefault_ca=d\n[d]\ndatabase=${this.#folder}/index.txt\nserial=${this.#folder}/serial\nnew_certs_dir=${this.#folder}\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n`,
    )
    openssl(
      `ca -batch -config ${file('cnf')} -cert ${this.certFile} -keyfile ${this.#keyFile} -startdate 20200101000000Z -enddate 20200102000000Z -in ${file('csr')} -extfile ${file('ext')} -out ${file('pem')} -notext`,
    )
  }
}

function openssl(command: string): void {
  const done = spawnSync('openssl', command.split(' '), { encoding: 'utf8', timeout: 60_000 })
  if (done.status !== 0) throw new Error(`openssl ${command}: ${done.error ?? done.stderr}`)
}
