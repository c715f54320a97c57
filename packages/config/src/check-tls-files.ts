import type { FileChecks } from './check-files.ts'
import type { Say } from './say.ts'
import type { Path, SettingsTree } from './settings-tree.ts'

/** The certificates and the key that the TLS settings at `tls` name. */
export function checkTlsFiles(tree: SettingsTree, tls: Path, files: FileChecks, say: Say): void {
  const isGiven = (key: string) => tree.get([...tls, key]) !== undefined
  files.certificates([...tls, 'caFile'])
  const certificates = files.certificates([...tls, 'certFile'])
  const key = files.privateKey([...tls, 'keyFile'])
  if (isGiven('certFile') !== isGiven('keyFile')) {
    const [here, other] = isGiven('certFile') ? ['certFile', 'keyFile'] : ['keyFile', 'certFile']
    say([...tls, here], `is given without ${other}`, `write ${other}: /path as well`)
  }
  if (certificates !== undefined && key !== undefined && !certificates[0].checkPrivateKey(key)) {
    say(
      [...tls, 'keyFile'],
      'is not the key of the first certificate in certFile',
      'name the two that belong together',
    )
  }
}
