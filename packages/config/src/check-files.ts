import type { Fault } from './fault.ts'
import { readCertificates, readPrivateKey } from './pem.ts'
import { Secret } from './secret.ts'
import { type Path, pathText, type SettingsTree } from './settings-tree.ts'

/** Reads the files that settings name and says which cannot be used. */
export class FileChecks {
  readonly faults: Fault[] = []
  readonly #tree: SettingsTree
  readonly #readFile: (path: string) => string

  constructor(tree: SettingsTree, readFile: (path: string) => string) {
    this.#tree = tree
    this.#readFile = readFile
  }

  /** The secret in the file that the setting at `path` names; undefined when there is a fault. */
  secret(path: Path, minLength = 1): Secret | undefined {
    const text = this.#read(path)?.replace(/\r?\n$/, '')
    if (text === undefined) return undefined
    if (text.length >= minLength) return new Secret(text)
    const problem =
      text === '' ? 'names an empty file' : `names a file with fewer than ${minLength} characters`
    return this.#fault(path, problem, 'put the secret into the file, and nothing else')
  }

  certificates(path: Path) {
    const text = this.#read(path)
    const read = text === undefined ? undefined : readCertificates(text)
    if (typeof read !== 'string') return read
    return this.#fault(
      path,
      `names a file that ${read}`,
      'name a file with -----BEGIN CERTIFICATE----- in it',
    )
  }

  privateKey(path: Path) {
    const text = this.#read(path)
    const read = text === undefined ? undefined : readPrivateKey(text)
    if (typeof read !== 'string') return read
    return this.#fault(path, `names a file that ${read}`, 'name a PEM private key without a passphrase')
  }

  #read(path: Path): string | undefined {
    const file = this.#tree.get(path)
    if (typeof file !== 'string' || file === '' || this.#tree.isSpoiled(path)) return undefined
    try {
      return this.#readFile(file)
    } catch (error) {
      const { template } = this.#tree.origin(path)
      return this.#fault(
        path,
        `names a file that cannot be read: ${template ?? file} (${reasonOf(error)})`,
        'name a file this process may read; a relative path counts from the working directory',
      )
    }
  }

  #fault(path: Path, problem: string, instead: string): undefined {
    this.faults.push({ where: this.#tree.origin(path).where, path: pathText(path), problem, instead })
    return undefined
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied'
  if (code === 'EISDIR') return 'it is a folder'
  return code
}
