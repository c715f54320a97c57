import { checkOneSecret } from './check-one-secret.ts'
import type { Say } from './say.ts'
import type { Path, SettingsTree } from './settings-tree.ts'

const clientKeys = { key: 'clientSecret', fileKey: 'clientSecretFile' } as const
const passwordKeys = { key: 'password', fileKey: 'passwordFile' } as const
const refreshKeys = { key: 'refreshToken', fileKey: 'refreshTokenFile' } as const

/** Who asks: a client with its secret, or a user by password or by refresh token; one of them, and whole. */
export function checkLogin(tree: SettingsTree, base: Path, say: Say): void {
  const isGiven = (key: string) => tree.get([...base, key]) !== undefined
  const isPassword = ['username', passwordKeys.key, passwordKeys.fileKey].some(isGiven)
  const isRefresh = [refreshKeys.key, refreshKeys.fileKey].some(isGiven)
  const isClient = !isPassword && !isRefresh
  if (isClient && !isGiven('clientId'))
    say([...base, 'clientId'], 'is missing', 'cf-audit-drain, for example: the client that the README makes')
  checkOneSecret(tree, base, { ...clientKeys, isRequired: isClient }, say)
  checkOneSecret(tree, base, { ...passwordKeys, isRequired: isGiven('username') }, say)
  checkOneSecret(tree, base, { ...refreshKeys, isRequired: false }, say)
  if (isPassword && !isGiven('username'))
    say([...base, 'username'], 'is missing: there is a password', 'write username: the user it is of')
  if (isPassword && isRefresh)
    say(
      [...base, isGiven(refreshKeys.key) ? refreshKeys.key : refreshKeys.fileKey],
      'is given beside username or password: it is not clear which is meant',
      'keep one of the two ways to log in',
    )
}
