import { foundationNameFromApi, isLoopback, parseApiUrl } from './api-url.ts'
import { FileChecks } from './check-files.ts'
import { checkKafka } from './check-kafka.ts'
import { checkLogin } from './check-login.ts'
import { checkOneSecret } from './check-one-secret.ts'
import { checkSchemaRegistry, schemaRegistryPath } from './check-schema-registry.ts'
import { checkTlsFiles } from './check-tls-files.ts'
import { durationMs } from './duration.ts'
import type { Fault } from './fault.ts'
import type { Say } from './say.ts'
import type { Secret } from './secret.ts'
import { type Path, pathText, type SettingsTree } from './settings-tree.ts'

/** Secrets found in files, by the path of the setting that names the file. */
export type FileSecrets = ReadonlyMap<string, Secret>

/**
 * What no setting can see alone: names given twice, secrets given twice or not at all, files, keys and certificates
 * that do not fit. Works on the raw tree, so it also finds these faults where single settings are wrong.
 */
export function checkRelations(
  tree: SettingsTree,
  readFile: (path: string) => string,
): { readonly faults: readonly Fault[]; readonly secrets: FileSecrets } {
  const faults: Fault[] = []
  const files = new FileChecks(tree, readFile)
  const secrets = new Map<string, Secret>()
  const say: Say = (path, problem, instead) =>
    faults.push({ where: tree.origin(path).where, path: pathText(path), problem, instead })
  const fileSecret = (path: Path, minLength?: number) => {
    const found = files.secret(path, minLength)
    if (found !== undefined) secrets.set(pathText(path), found)
  }

  indices(tree, 'foundations').forEach(i => {
    const base = ['foundations', i]
    plainHttp(tree, base, say)
    longestSweep(tree, base, say)
    checkLogin(tree, base, say)
    for (const file of ['clientSecretFile', 'passwordFile', 'refreshTokenFile']) fileSecret([...base, file])
    files.certificates([...base, 'caFile'])
  })
  uniqueNames(tree, 'foundations', say)
  indices(tree, 'sinks').forEach(i => {
    checkTls(tree, ['sinks', i], files, say)
  })
  uniqueNames(tree, 'sinks', say)
  checkOneSecret(tree, ['scrub'], { key: 'key', fileKey: 'keyFile', isRequired: false }, say)
  fileSecret(['scrub', 'keyFile'], 32)
  checkKafka(tree, files, say)
  checkSchemaRegistry(tree, files, say)
  for (const key of ['passwordFile', 'tokenFile']) fileSecret([...schemaRegistryPath, key])
  fileSecret(['log', 'kafka', 'sasl', 'passwordFile'])
  fileSecret(['log', 'kafka', 'sasl', 'token', 'clientSecretFile'])
  return { faults: [...faults, ...files.faults], secrets }
}

function indices(tree: SettingsTree, list: 'foundations' | 'sinks'): readonly number[] {
  const items = tree.get([list])
  return Array.isArray(items) ? items.map((_, i) => i) : []
}

function plainHttp(tree: SettingsTree, base: Path, say: Say): void {
  const path = [...base, 'api']
  const api = apiOf(tree, base)
  if (api === undefined || !api.startsWith('http:') || isLoopback(new URL(api).hostname)) return
  const insecure = tree.get([...base, 'insecure'])
  if (insecure === true || insecure === 'true') return
  say(
    path,
    'is plain http:// to another machine: the token and every event could be read on the way',
    'use https://, or set insecure: true (CF_INSECURE=true) if that is known and accepted',
  )
}

/** Equal counts are no proof of equal sets, and what the longest sweep has passed is not looked at again. */
function longestSweep(tree: SettingsTree, base: Path, say: Say): void {
  const sweeps = tree.get([...base, 'sweeps'])
  if (!Array.isArray(sweeps)) return
  const overMs = (i: number) => {
    const over = tree.get([...base, 'sweeps', i, 'over'])
    return (typeof over === 'string' ? durationMs(over) : undefined) ?? 0
  }
  const longest = sweeps.map((_, i) => i).toSorted((a, b) => overMs(b) - overMs(a))[0]
  if (longest === undefined) return
  const path = [...base, 'sweeps', longest, 'compare']
  if (tree.get(path) === 'count')
    say(
      path,
      'is "count" in the sweep that looks back longest: an event that was deleted would hide one that came late',
      'write compare: guids in this one, or add a longer one that does',
    )
}

function apiOf(tree: SettingsTree, base: Path): string | undefined {
  const path = [...base, 'api']
  const text = tree.get(path)
  const api = typeof text === 'string' && !tree.isSpoiled(path) ? parseApiUrl(text) : undefined
  return typeof api === 'string' ? api : undefined
}

/** Kafka folds dot and underscore together in its metric names, so names may not differ in these alone. */
function uniqueNames(tree: SettingsTree, list: 'foundations' | 'sinks', say: Say): void {
  const holders = new Map<string, number>()
  for (const i of indices(tree, list)) {
    const base = [list, i]
    const given = tree.get([...base, 'name'])
    const api = list === 'foundations' && given === undefined ? apiOf(tree, base) : undefined
    const name = api === undefined ? given : foundationNameFromApi(api)
    if (typeof name !== 'string' || tree.isSpoiled([...base, 'name'])) continue
    const folded = name.replaceAll('_', '.')
    const holder = holders.get(folded)
    if (holder === undefined) {
      holders.set(folded, i)
      continue
    }
    const how = given === undefined ? ' (derived from api)' : ''
    say(
      [...base, 'name'],
      `is ${JSON.stringify(name)}${how}, too near to the name of ${list}[${holder}]`,
      'give each its own name; dot and underscore count as the same',
    )
  }
}

function checkTls(tree: SettingsTree, sink: Path, files: FileChecks, say: Say): void {
  const tls = [...sink, 'tls']
  const given = ['caFile', 'certFile', 'keyFile', 'serverName', 'minVersion'].find(
    key => tree.get([...tls, key]) !== undefined,
  )
  const url = tree.get([...sink, 'url'])
  if (given !== undefined && typeof url === 'string' && url.startsWith('syslog:')) {
    say([...tls, given], 'is for TLS, but the url is syslog://', 'make the url syslog-tls://, or take it out')
  }
  checkTlsFiles(tree, tls, files, say)
}
