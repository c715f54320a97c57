import { posix } from 'node:path'
import { findCircle } from './find-circle.ts'
import type { Rule } from './rule.ts'
import { isTest, packageName, type Source, type Tree, targetOf, workspaceOf } from './tree.ts'

interface Crossing {
  readonly source: Source
  readonly line: number
  readonly specifier: string
  readonly from: string
  readonly to: string
}

/** Every import that leaves its workspace for another one. */
function* crossings(tree: Tree): Generator<Crossing> {
  for (const source of tree.sources.values()) {
    const from = workspaceOf(tree, source.path)?.folder ?? 'the root'
    for (const { specifier, line } of source.imports) {
      const target = targetOf(source.path, specifier)
      const name = packageName(specifier)
      const to =
        target !== null
          ? (workspaceOf(tree, target)?.folder ?? 'the root')
          : tree.workspaces.find(workspace => workspace.name === name)?.folder
      if (to !== undefined && to !== from) yield { source, line, specifier, from, to }
    }
  }
}

function crossingsWhere(tree: Tree, wrong: (crossing: Crossing) => boolean): readonly string[] {
  return [...crossings(tree)]
    .filter(wrong)
    .map(({ source, line, specifier, to }) => `${source.path}:${line}: imports ${specifier} of ${to}`)
}

const isService = (folder: string) => folder.startsWith('services/')
const isPackage = (folder: string) => folder.startsWith('packages/')

export const servicesApart: Rule = {
  name: 'services import packages and never each other',
  instead: 'move what both need into a package',
  check: tree => crossingsWhere(tree, ({ from, to }) => isService(from) && isService(to)),
}

export const packagesBelow: Rule = {
  name: 'packages import neither services nor what lies at the root',
  instead: 'hand it in as an argument, or move it into a package',
  check: tree =>
    crossingsWhere(tree, ({ from, to }) => isPackage(from) && (isService(to) || to === 'the root')),
}

export const byName: Rule = {
  name: 'a package is imported by its name, through its door',
  instead: "import from '@cf-audit-drain/<package>' and export it from that package's index.ts",
  check: tree => crossingsWhere(tree, ({ specifier, to }) => specifier.startsWith('.') && to !== 'the root'),
}

export const noFileCircle: Rule = {
  name: 'no file imports itself by way of others',
  instead: 'move what both need into a third file',
  check(tree) {
    const edges = new Map<string, readonly string[]>()
    for (const source of tree.sources.values()) {
      const targets = source.imports
        .filter(({ typeOnly }) => !typeOnly)
        .map(({ specifier }) => targetOf(source.path, specifier))
      edges.set(
        source.path,
        targets.filter(target => target !== null),
      )
    }
    const circle = findCircle(edges)
    return circle ? [circle.join(' -> ')] : []
  },
}

export const noPackageCircle: Rule = {
  name: 'no package imports itself by way of others',
  instead: 'move the shared part into the lower of the two packages',
  check(tree) {
    const edges = new Map<string, string[]>()
    for (const { from, to } of crossings(tree)) edges.set(from, [...(edges.get(from) ?? []), to])
    const circle = findCircle(edges)
    return circle ? [circle.join(' -> ')] : []
  },
}

export const declaredDependencies: Rule = {
  name: 'a package imports only what its package.json names, and names only what it imports',
  instead: 'add the package to, or take it out of, the "dependencies" of that package.json',
  check(tree) {
    const faults: string[] = []
    const atRoot = rootDependencies(tree)
    const own = new Set(tree.workspaces.map(({ name }) => name))
    const used = new Set<string>()
    for (const source of tree.sources.values()) {
      const workspace = workspaceOf(tree, source.path)
      for (const { specifier, line } of source.imports) {
        const name = packageName(specifier)
        if (name === null) continue
        used.add(`${workspace?.folder} ${name}`)
        const named =
          workspace?.dependencies.has(name) ||
          workspace?.devDependencies.has(name) ||
          (!workspace && own.has(name)) ||
          ((!workspace || isTest(source.path)) && atRoot.has(name))
        if (!named)
          faults.push(
            `${source.path}:${line}: ${name} is not in ${posix.join(workspace?.folder ?? '.', 'package.json')}`,
          )
      }
    }
    for (const { folder, dependencies, devDependencies } of tree.workspaces)
      for (const name of [...dependencies, ...devDependencies])
        if (!used.has(`${folder} ${name}`)) faults.push(`${folder}/package.json: nothing imports ${name}`)
    return faults
  },
}

function rootDependencies(tree: Tree): ReadonlySet<string> {
  const text = tree.files.get('package.json')?.text ?? '{}'
  const json = JSON.parse(text) as {
    dependencies?: Record<string, string>
    devDependencies?: Record<string, string>
  }
  return new Set([...Object.keys(json.dependencies ?? {}), ...Object.keys(json.devDependencies ?? {})])
}

const inputAndOutput = new Set(
  (
    'node:child_process node:cluster node:dgram node:dns node:dns/promises node:fs node:fs/promises node:http ' +
    'node:http2 node:https node:net node:readline node:repl node:sqlite node:tls node:worker_threads ' +
    'undici kafkajs pino prom-client'
  ).split(' '),
)

/** Files that turn values into bytes or back, and nothing else. */
function isPure(path: string): boolean {
  if (isTest(path)) return false
  return path.startsWith('packages/cef/') || /(?:^|\/)(?:codec|encode-[^/]+|[^/]+-codec)\.ts$/.test(path)
}

export const pureCodecs: Rule = {
  name: 'codecs and encoders import no input or output, not even by way of their neighbours',
  instead: 'give the codec a value and let its caller read or write (sink.ts is where a socket is opened)',
  check(tree) {
    const faults: string[] = []
    for (const path of tree.sources.keys()) {
      if (!isPure(path)) continue
      const way = wayToOutput(tree, path, new Set())
      if (way) faults.push(`${path}: ${way.join(' -> ')}`)
    }
    return faults
  },
}

function wayToOutput(tree: Tree, path: string, visited: Set<string>): readonly string[] | null {
  visited.add(path)
  for (const { specifier, typeOnly } of tree.sources.get(path)?.imports ?? []) {
    if (typeOnly) continue
    if (inputAndOutput.has(packageName(specifier) ?? specifier)) return [path, specifier]
    const target = targetOf(path, specifier)
    if (target === null || visited.has(target)) continue
    const rest = wayToOutput(tree, target, visited)
    if (rest) return [path, ...rest]
  }
  return null
}

export const kafkajsAtHome: Rule = {
  name: 'kafkajs is imported by the Kafka adapter of the log only',
  instead: 'use the ports of @cf-audit-drain/log',
  check(tree) {
    const faults: string[] = []
    for (const { path, imports } of tree.sources.values())
      for (const { specifier, line } of imports)
        if (packageName(specifier) === 'kafkajs' && !path.startsWith('packages/log/src/kafka/'))
          faults.push(`${path}:${line}: imports kafkajs`)
    return faults
  },
}

interface LockedPackage {
  readonly resolved?: string
  readonly dependencies?: Record<string, string>
  readonly optionalDependencies?: Record<string, string>
}

export const completeLock: Rule = {
  name: 'package-lock.json holds every package that one of its packages asks for, and no address',
  instead: 'complete it: `npm ci` refuses a lock that lacks the optional packages of other platforms',
  check(tree) {
    const text = tree.files.get('package-lock.json')?.text
    if (text === undefined) return ['package-lock.json: missing']
    const { packages } = JSON.parse(text) as { packages: Record<string, LockedPackage> }
    const held = new Set(Object.keys(packages).map(path => path.split('node_modules/').at(-1)))
    const faults: string[] = []
    for (const [path, { resolved, dependencies, optionalDependencies }] of Object.entries(packages)) {
      if (resolved?.includes('://')) faults.push(`package-lock.json: ${path} has an address`)
      for (const name of Object.keys({ ...dependencies, ...optionalDependencies }))
        if (!held.has(name)) faults.push(`package-lock.json: ${path} asks for ${name}, which is not there`)
    }
    return faults
  },
}
