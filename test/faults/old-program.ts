import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { places } from './places.ts'

/** The last commit whose events have no names: version 1 of the schema, no ledger. */
const commit = '30667b715c5f70e248ac0fff08f976a123899581'

/** Null, or why the program as it was then cannot be had. */
export function oldProgramMissing(): string | null {
  const { status } = git('cat-file', '-e', `${commit}^{commit}`)
  return status === 0
    ? null
    : `the program as it was at ${commit.slice(0, 7)} is not in this clone: git fetch --unshallow`
}

/** Lays the program as it was then into a folder, on the npm packages of today. Returns its command. */
export function layOldProgram(folder: string): string {
  const root = join(folder, 'old-program')
  mkdirSync(join(root, 'node_modules/@cf-audit-drain'), { recursive: true })
  const archive = git('archive', commit, 'packages', 'services', 'package.json')
  const { status, stderr } = spawnSync('tar', ['-x', '-C', root], { input: archive.stdout })
  if (status !== 0) throw new Error(`tar: ${stderr}`)
  const today = join(places.root, 'node_modules')
  for (const name of readdirSync(today))
    if (name !== '@cf-audit-drain') symlinkSync(join(today, name), join(root, 'node_modules', name))
  for (const name of readdirSync(join(root, 'packages')))
    symlinkSync(join(root, 'packages', name), join(root, 'node_modules/@cf-audit-drain', name))
  return join(root, 'services/cli/bin/cf-audit-drain')
}

function git(...args: readonly string[]) {
  return spawnSync('git', ['-C', places.root, ...args], { maxBuffer: 256 * 1024 * 1024 })
}
