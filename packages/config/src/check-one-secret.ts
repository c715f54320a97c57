import type { Say } from './say.ts'
import type { Path, SettingsTree } from './settings-tree.ts'

/** A secret is given itself or by its file, not both. */
export function checkOneSecret(
  tree: SettingsTree,
  base: Path,
  keys: { readonly key: string; readonly fileKey: string; readonly isRequired: boolean },
  say: Say,
): void {
  const { key, fileKey, isRequired } = keys
  const given = [key, fileKey].filter(each => tree.get([...base, each]) !== undefined)
  const path = [...base, given.length === 2 ? fileKey : key]
  if (given.length === 2)
    say(path, `is given beside ${key}: it is not clear which is meant`, 'keep one of the two')
  if (given.length === 0 && isRequired)
    say(path, 'is missing', `write ${fileKey}: /path, or ${key}: $\{VARIABLE}`)
}
