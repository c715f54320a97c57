import { matchesGlob, posix } from 'node:path'
import type { Exceptions, Rule } from './rule.ts'
import { isTest, type Source, type Tree, targetOf } from './tree.ts'

export const linesMax = 400
export const functionLinesMax = 70
export const bytesMax = 3 * 1024 * 1024

export const everyFileImported: Rule = {
  name: 'every file is reached from a door, a script or a test',
  instead: 'delete it, or name it under entryPoints in exceptions.ts with what starts it',
  check(tree, exceptions) {
    const entries = new Set([
      ...tree.workspaces.flatMap(({ doors }) => doors),
      ...startedByScripts(tree),
      ...[...tree.sources.keys()].filter(isTest),
      ...Object.keys(exceptions.entryPoints),
    ])
    const reached = new Set<string>()
    const waiting = [...entries]
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (reached.has(path)) continue
      reached.add(path)
      waiting.push(...namedBy(tree, path))
    }
    const faults = [...tree.sources.keys()]
      .filter(path => !reached.has(path))
      .map(path => `${path}: nothing imports it`)
    for (const path of Object.keys(exceptions.entryPoints))
      if (!tree.files.has(path)) faults.push(`exceptions.ts: ${path} under entryPoints does not exist`)
    return faults
  },
}

/** The rules and their test name many files. */
const namesButStartsNothing = 'test/tidy/'

/** Imports, and files named in strings, as a test names the program it starts in another process. */
function namedBy(tree: Tree, path: string): readonly string[] {
  const source = tree.sources.get(path)
  if (!source) return sourcesNamedInText(tree, path)
  const imported = source.imports.map(({ specifier }) => targetOf(path, specifier))
  if (path.startsWith(namesButStartsNothing)) return imported.filter(target => target !== null)
  const named = source.code
    .filter(({ kind, text }) => (kind === 'string' || kind === 'template') && text.endsWith('.ts'))
    .flatMap(({ text }) => [posix.join(posix.dirname(path), text), posix.normalize(text).replace(/^\/+/, '')])
  return [...imported, ...named].filter(target => target !== null && tree.sources.has(target)) as string[]
}

/** Of a shell script: every path of a source in it. */
function sourcesNamedInText(tree: Tree, path: string): readonly string[] {
  const words = tree.files.get(path)?.text.match(/[\w./-]+\.ts\b/g) ?? []
  return [...tree.sources.keys()].filter(source => words.some(word => `/${word}`.endsWith(`/${source}`)))
}

function scriptsOf(tree: Tree): Readonly<Record<string, string>> {
  const json = JSON.parse(tree.files.get('package.json')?.text ?? '{}') as {
    scripts?: Record<string, string>
  }
  return json.scripts ?? {}
}

function startedByScripts(tree: Tree): readonly string[] {
  return Object.values(scriptsOf(tree))
    .flatMap(script => script.split(/\s+/))
    .filter(word => tree.sources.has(word))
}

export const everyTestRuns: Rule = {
  name: 'every test is one that `npm test` runs',
  instead: 'put it where the globs of the script "test" in package.json look',
  check(tree) {
    const globs = (scriptsOf(tree)['test'] ?? '').match(/[^\s'"]*\*[^\s'"]*/g) ?? []
    return [...tree.sources.keys()]
      .filter(path => isTest(path) && !globs.some(glob => matchesGlob(path, glob)))
      .map(path => `${path}: no glob of "npm test" matches it`)
  },
}

const namesThatSayNothing = /^(?:utils?|helpers?|common|misc|shared|lib)(?:\.test)?\.ts$/

export const tellingNames: Rule = {
  name: 'a file is named after its main export, in kebab-case',
  instead: 'name it after the one thing it exports; what has no name in common belongs in more than one file',
  check(tree) {
    const faults: string[] = []
    for (const path of tree.sources.keys()) {
      const name = posix.basename(path)
      if (namesThatSayNothing.test(name)) faults.push(`${path}: the name says nothing`)
      else if (!/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9-]+)*\.ts$/.test(name))
        faults.push(`${path}: not kebab-case`)
    }
    return faults
  },
}

const endings = new Set(
  '.ts .json .ndjson .md .yaml .yml .avsc .sql .sh .txt .conf .rulebase .pem .prom .xml .html .css .svg .bin'.split(
    ' ',
  ),
)
const wholeNames = new Set([
  'LICENSE',
  'NOTICE',
  '.gitignore',
  '.dockerignore',
  'Dockerfile',
  '.npmrc',
  '.ci/run',
  'services/cli/bin/cf-audit-drain',
])

export const knownEndings: Rule = {
  name: 'files have an ending this repository knows',
  instead: 'give it a known ending, or add a new one to `endings` in test/tidy/file-rules.ts',
  check: tree =>
    [...tree.files.keys()]
      .filter(path => !wholeNames.has(path) && !wholeNames.has(posix.basename(path)))
      .filter(path => !endings.has(posix.extname(path)))
      .map(path => `${path}: an ending this repository does not use`),
}

export const shortFiles: Rule = {
  name: `no source is longer than ${linesMax} lines unless listed`,
  instead: 'split it by its ideas',
  check(tree, { longFiles }) {
    const lengths = [...tree.sources.values()].map(({ path, text }) => ({
      key: path,
      size: text.split('\n').length - 1,
      where: path,
    }))
    return ratchet(lengths, linesMax, longFiles, 'lines', 'longFiles')
  },
}

export const shortFunctions: Rule = {
  name: `no function is longer than ${functionLinesMax} lines; a listed one may stay, but not grow`,
  instead: 'take a step out of it and give the step a name',
  check(tree, { longFunctions }) {
    const lengths = [...tree.sources.values()].flatMap(functionSizes)
    return ratchet(lengths, functionLinesMax, longFunctions, 'lines', 'longFunctions')
  },
}

/** These only hold tests together. */
const holdsTests = /^(?:describe|suite|\w+Suite)$/

function functionSizes(source: Source): readonly Sized[] {
  return source.functions
    .filter(({ name }) => !holdsTests.test(name))
    .map(({ name, line, lines }) => ({
      key: `${source.path}#${name}`,
      size: lines,
      where: `${source.path}:${line}: ${name}`,
    }))
}

export const smallFiles: Rule = {
  name: 'no file is larger than 3 MiB unless it is a listed recording',
  instead: 'cut the recording down to what a test needs',
  check(tree, { largeFiles }) {
    const sizes = [...tree.files.values()].map(({ path, bytes }) => ({ key: path, size: bytes, where: path }))
    return ratchet(sizes, bytesMax, largeFiles, 'bytes', 'largeFiles')
  },
}

interface Sized {
  readonly key: string
  readonly size: number
  readonly where: string
}

/** Above `max` only what is listed, none above what its line in the list says, and no line that is not needed. */
function ratchet(
  sized: readonly Sized[],
  max: number,
  listed: Readonly<Record<string, number>>,
  unit: string,
  list: keyof Exceptions,
): readonly string[] {
  const faults: string[] = []
  const needed = new Set<string>()
  for (const { key, size, where } of sized) {
    if (size <= max) continue
    needed.add(key)
    const allowed = listed[key] ?? max
    if (size > allowed) faults.push(`${where}: ${size} ${unit}, at most ${allowed}`)
  }
  for (const key of Object.keys(listed))
    if (!needed.has(key)) faults.push(`exceptions.ts: "${key}" is no longer needed under ${list}`)
  return faults
}
