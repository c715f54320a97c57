import { posix } from 'node:path'
import type { Rule } from './rule.ts'
import type { Tree, TreeFile } from './tree.ts'

export const readmePerWorkspace: Rule = {
  name: 'every package and service has a README.md that names each npm dependency',
  instead: 'write what it does, its guarantee, and each dependency with the reason for it',
  check(tree) {
    const faults: string[] = []
    for (const { folder, dependencies, devDependencies } of tree.workspaces) {
      const readme = tree.files.get(`${folder}/README.md`)
      if (!readme) {
        faults.push(`${folder}: no README.md`)
        continue
      }
      const ours = new Set(tree.workspaces.map(({ name }) => name))
      for (const name of [...dependencies, ...devDependencies])
        if (!ours.has(name) && !new RegExp(`(?<![\\w-])${RegExp.escape(name)}(?![\\w-])`).test(readme.text))
          faults.push(`${folder}/README.md: does not say why ${name} is needed`)
    }
    return faults
  },
}

const recorded = /(?:^|\/)(?:recordings|testdata)\//

function isText({ path }: TreeFile): boolean {
  return !recorded.test(path) && !path.endsWith('.bin')
}

function linesMatching(tree: Tree, pattern: RegExp, what: string): readonly string[] {
  const faults: string[] = []
  for (const file of tree.files.values()) {
    if (!isText(file)) continue
    for (const [index, line] of file.text.split('\n').entries())
      if (pattern.test(line)) faults.push(`${file.path}:${index + 1}: ${what}`)
  }
  return faults
}

/** A host that serves packages: by its first label, or by the well-known mirrors' names. */
const registryHost =
  /(?:\/\/|\b)(?:registry|npm|pypi|crates|rubygems|packages|mirrors?|artifactory|nexus)\.(?!example\b)[a-z0-9-]+\.(?:org|com|net|io|dev)\b/

export const noRegistryHosts: Rule = {
  name: 'no file names the host of a package registry',
  instead: 'name the package; whoever installs it has a registry configured',
  check: tree => linesMatching(tree, registryHost, 'the host of a package registry'),
}

const outsidePath = /(?:^|[^\w.-])(?:\/work\/|(?:\.\.\/)+shared\b)/

export const noPathsOutside: Rule = {
  name: 'no file names a path outside the checkout',
  instead: 'copy what is needed into testdata/ or recordings/ and name that',
  check: tree => linesMatching(tree, outsidePath, 'a path that exists on one machine only'),
}

export const linksLead: Rule = {
  name: 'every relative link of a Markdown file leads to a file',
  instead: 'mend the link, or write the page',
  check(tree) {
    const folders = new Set([...tree.files.keys()].flatMap(foldersAbove))
    const faults: string[] = []
    for (const { path, text } of tree.files.values()) {
      if (!path.endsWith('.md') || recorded.test(path)) continue
      for (const { target, line } of relativeLinks(text)) {
        const [file = '', heading] = target.split('#')
        const to = file === '' ? path : posix.join(posix.dirname(path), decodeURI(file)).replace(/\/$/, '')
        const found = tree.files.get(to)
        if (!found && !folders.has(to)) faults.push(`${path}:${line}: ${target} leads nowhere`)
        else if (heading && found?.path.endsWith('.md') && !anchorsOf(found.text).has(heading))
          faults.push(`${path}:${line}: ${target}: no heading of that name in ${to}`)
      }
    }
    return faults
  },
}

function* relativeLinks(markdown: string): Generator<{ target: string; line: number }> {
  for (const { text, line } of proseLines(markdown))
    for (const [, target = ''] of text.replaceAll(/`[^`]*`/g, '').matchAll(/\]\(<?([^)\s>]+)>?[^)]*\)/g))
      if (!/^[a-z][a-z0-9+.-]*:/i.test(target)) yield { target, line }
}

/** The lines that are not in a fenced block. */
function* proseLines(markdown: string): Generator<{ text: string; line: number }> {
  let fence: string | null = null
  for (const [index, text] of markdown.split('\n').entries()) {
    const mark = /^\s*(```+|~~~+)/.exec(text)?.[1] ?? null
    if (mark && fence === null) fence = mark
    else if (mark && fence !== null && mark.startsWith(fence)) fence = null
    else if (fence === null) yield { text, line: index + 1 }
  }
}

/** As code hosts make them: lower case, punctuation gone, blanks turned into hyphens. */
function anchorsOf(markdown: string): ReadonlySet<string> {
  const headings = [...proseLines(markdown)].flatMap(({ text }) => /^#{1,6}\s+(.*)$/.exec(text)?.[1] ?? [])
  return new Set(
    headings.map(heading =>
      heading
        .trim()
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(/\s/g, '-'),
    ),
  )
}

function foldersAbove(path: string): readonly string[] {
  const parts = path.split('/')
  return parts.map((_, length) => parts.slice(0, length).join('/') || '.')
}

const kinds = new Set(['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'])

export const changelogForm: Rule = {
  name: 'CHANGELOG.md has the form that its readers know',
  instead:
    '"# Changelog", then "## [Unreleased]" and "## [1.2.3] - 2026-01-31", newest first, each with ### Added, Changed, Deprecated, Removed, Fixed or Security and a list',
  check(tree) {
    const text = tree.files.get('CHANGELOG.md')?.text
    if (text === undefined) return ['CHANGELOG.md: missing']
    const faults: string[] = []
    const fault = (index: number, what: string) => faults.push(`CHANGELOG.md:${index + 1}: ${what}`)
    let previous: readonly number[] | null = null
    let releases = 0
    for (const [index, line] of text.split('\n').entries()) {
      if (index === 0 && line !== '# Changelog') fault(index, 'the first line is "# Changelog"')
      if (line.startsWith('### ') && !kinds.has(line.slice(4))) fault(index, `"${line}" is no kind of change`)
      if (!line.startsWith('## ')) continue
      releases++
      if (line === '## [Unreleased]') {
        if (releases > 1) fault(index, 'Unreleased comes first')
        continue
      }
      const release = /^## \[(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d{2}-\d{2}$/.exec(line)
      if (!release) fault(index, `"${line}" is no release with its date`)
      const version = release?.slice(1).map(Number) ?? null
      if (version && previous && !isLower(version, previous)) fault(index, 'releases come newest first')
      previous = version ?? previous
    }
    if (releases === 0) faults.push('CHANGELOG.md: no release and no Unreleased')
    return faults
  },
}

function isLower(version: readonly number[], than: readonly number[]): boolean {
  const index = version.findIndex((part, at) => part !== than[at])
  return index >= 0 && (version[index] ?? 0) < (than[index] ?? 0)
}
