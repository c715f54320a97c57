import type { FileChecks } from './check-files.ts'
import { checkOneSecret } from './check-one-secret.ts'
import type { Say } from './say.ts'
import { isMapping, type Path, type SettingsTree } from './settings-tree.ts'

const ofEndpoint = [
  'url',
  'clientId',
  'clientSecret',
  'clientSecretFile',
  'scope',
  'audience',
  'caFile',
] as const

/** The login by OAUTHBEARER at `sasl`: a token, from a file or from an endpoint, and nothing of a password. */
export function checkKafkaToken(tree: SettingsTree, sasl: Path, files: FileChecks, say: Say): void {
  const isGiven = (...keys: readonly string[]) => tree.get([...sasl, ...keys]) !== undefined
  for (const key of ['username', 'password', 'passwordFile'])
    if (isGiven(key))
      say(
        [...sasl, key],
        'is given, but OAUTHBEARER logs in with a token',
        'take it out, or change mechanism',
      )
  const token = [...sasl, 'token']
  if (!isGiven('token')) {
    say(token, 'is missing', 'write file, or url, clientId and clientSecretFile, indented under it')
    return
  }
  if (!isMapping(tree.get(token))) return
  files.secret([...token, 'file'])
  files.certificates([...token, 'caFile'])
  if (isGiven('token', 'file')) {
    for (const key of ofEndpoint)
      if (isGiven('token', key))
        say([...token, key], 'is for a token endpoint, but file is given', 'keep one of the two ways')
    return
  }
  if (!isGiven('token', 'url'))
    say(token, 'names neither a file nor a url', 'write file: /path, or url: https://…')
  if (!isGiven('token', 'clientId'))
    say([...token, 'clientId'], 'is missing', 'write clientId: cf-audit-drain')
  checkOneSecret(tree, token, { key: 'clientSecret', fileKey: 'clientSecretFile', isRequired: true }, say)
}

/** What only OAUTHBEARER takes, beside another mechanism. */
export function refuseKafkaToken(tree: SettingsTree, sasl: Path, say: Say): void {
  for (const key of ['token', 'extensions'])
    if (tree.get([...sasl, key]) !== undefined)
      say([...sasl, key], 'is for the mechanism OAUTHBEARER', 'take it out, or write mechanism: OAUTHBEARER')
}
