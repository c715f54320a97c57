import { isLoopback } from './api-url.ts'
import type { FileChecks } from './check-files.ts'
import { checkOneSecret } from './check-one-secret.ts'
import type { Say } from './say.ts'
import { isMapping, type Path, type SettingsTree } from './settings-tree.ts'

export const schemaRegistryPath: Path = ['log', 'kafka', 'schemaRegistry']

/** One login or none, whole. */
export function checkSchemaRegistry(tree: SettingsTree, files: FileChecks, say: Say): void {
  const base = schemaRegistryPath
  if (!isMapping(tree.get(base))) return
  const isGiven = (key: string) => tree.get([...base, key]) !== undefined
  const [hasUser, hasToken] = [isGiven('username'), isGiven('token') || isGiven('tokenFile')]
  checkOneSecret(tree, base, { key: 'password', fileKey: 'passwordFile', isRequired: hasUser }, say)
  checkOneSecret(tree, base, { key: 'token', fileKey: 'tokenFile', isRequired: false }, say)
  const password = ['password', 'passwordFile'].find(isGiven)
  if (password !== undefined && !hasUser)
    say([...base, password], 'is given without username', 'write username: cf-audit-drain as well')
  if (hasUser && hasToken)
    say(
      [...base, 'username'],
      'is given beside a token: it is not clear which is meant',
      'keep one of the two',
    )
  if (hasUser || hasToken) plainLogin(tree, say)
  files.certificates([...base, 'caFile'])
}

function plainLogin(tree: SettingsTree, say: Say): void {
  const path = [...schemaRegistryPath, 'url']
  const given = tree.get(path)
  const url = typeof given === 'string' && !tree.isSpoiled(path) ? URL.parse(given) : null
  if (url?.protocol !== 'http:' || isLoopback(url.hostname)) return
  const insecure = tree.get(['log', 'kafka', 'insecure'])
  if (insecure === true || insecure === 'true') return
  say(
    path,
    'is plain http:// to another machine: the password or token could be read on the way',
    'write https://, or insecure: true under log.kafka if that is known and accepted',
  )
}
