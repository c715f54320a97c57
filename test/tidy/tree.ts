import { readdirSync, readFileSync, statSync } from 'node:fs'
import { posix } from 'node:path'
import { type FunctionBody, functionsOf } from './functions.ts'
import { type Import, importsOf } from './imports.ts'
import { type Token, tokenize } from './tokenize.ts'

/** A file of the checkout. Paths everywhere are relative to its root, with slashes. */
export interface TreeFile {
  readonly path: string
  readonly bytes: number
  readonly text: string
}

export interface Source extends TreeFile {
  readonly code: readonly Token[]
  readonly comments: readonly Token[]
  readonly imports: readonly Import[]
  readonly functions: readonly FunctionBody[]
}

export interface Workspace {
  readonly folder: string
  readonly name: string
  readonly dependencies: ReadonlySet<string>
  readonly devDependencies: ReadonlySet<string>
  /** Files that `exports` and `bin` name. */
  readonly doors: readonly string[]
}

export interface Tree {
  readonly files: ReadonlyMap<string, TreeFile>
  readonly sources: ReadonlyMap<string, Source>
  readonly workspaces: readonly Workspace[]
}

const foldersLeftOut = new Set(['node_modules', '.git', 'data', '.cache'])
/** Folders with a dot belong to somebody's editor, but for these. */
const dotFolders = new Set(['.ci', '.github'])

export function readTree(root: string): Tree {
  const files: TreeFile[] = []
  const walk = (folder: string) => {
    for (const entry of readdirSync(posix.join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name)
      if (entry.isDirectory()) {
        const hidden = entry.name.startsWith('.') && !dotFolders.has(entry.name)
        if (!foldersLeftOut.has(entry.name) && !hidden) walk(path)
      } else if (!entry.name.endsWith('.log')) files.push(fileOnDisk(root, path))
    }
  }
  walk('.')
  return treeOf(files)
}

function fileOnDisk(root: string, path: string): TreeFile {
  let text: string | undefined
  return {
    path,
    bytes: statSync(posix.join(root, path)).size,
    get text() {
      text ??= readFileSync(posix.join(root, path), 'utf8')
      return text
    },
  }
}

export function treeOf(files: readonly TreeFile[]): Tree {
  const byPath = new Map(files.map(file => [file.path, file]))
  const sources = files.filter(file => file.path.endsWith('.ts')).map(parseSource)
  return {
    files: byPath,
    sources: new Map(sources.map(source => [source.path, source])),
    workspaces: files
      .filter(file => /^(?:packages|services)\/[^/]+\/package\.json$/.test(file.path))
      .map(parseWorkspace),
  }
}

function parseSource(file: TreeFile): Source {
  const { path, bytes, text } = file
  const tokens = tokenize(text)
  const code = tokens.filter(token => token.kind !== 'comment')
  const comments = tokens.filter(token => token.kind === 'comment')
  return { path, bytes, text, code, comments, imports: importsOf(code), functions: functionsOf(code) }
}

interface PackageJson {
  readonly name: string
  readonly dependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
  readonly exports?: Record<string, string>
  readonly bin?: Record<string, string>
}

function parseWorkspace(file: TreeFile): Workspace {
  const json = JSON.parse(file.text) as PackageJson
  const folder = posix.dirname(file.path)
  const doors = [...Object.values(json.exports ?? {}), ...Object.values(json.bin ?? {})]
  return {
    folder,
    name: json.name,
    dependencies: new Set(Object.keys(json.dependencies ?? {})),
    devDependencies: new Set(Object.keys(json.devDependencies ?? {})),
    doors: doors.map(door => posix.join(folder, door)),
  }
}

export function workspaceOf(tree: Tree, path: string): Workspace | undefined {
  return tree.workspaces.find(workspace => path.startsWith(`${workspace.folder}/`))
}

/** `@scope/name/sub` and `name/sub` give the package's name; null for a relative or a `node:` specifier. */
export function packageName(specifier: string): string | null {
  if (/^(?:\.|\/|node:|#)/.test(specifier)) return null
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** The file a relative specifier leads to; null for a package. */
export function targetOf(from: string, specifier: string): string | null {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : null
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}
