import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml'
import type { Fault } from './fault.ts'
import { interpolate } from './interpolate.ts'
import { type Mapping, type Path, pathText, type SettingsTree } from './settings-tree.ts'

export interface YamlFile {
  readonly path: string
  readonly text: string
}

/** What reading a file found beside its values. */
export interface YamlReading {
  readonly faults: readonly Fault[]
  /** Environment variables the file refers to by `${NAME}`. */
  readonly references: ReadonlySet<string>
}

/** Reads a YAML file into the tree, each value with its line and column, `${NAME}` filled in. */
export function readYaml(
  file: YamlFile,
  env: Readonly<Record<string, string | undefined>>,
  tree: SettingsTree,
): YamlReading {
  const faults: Fault[] = []
  const references = new Set<string>()
  const lines = new LineCounter()
  const documents = parseAllDocuments(file.text, { lineCounter: lines, prettyErrors: false })
  if (!Array.isArray(documents)) return { faults, references }
  const where = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${file.path}:${line}:${col}`
  }
  const fault = (offset: number, path: Path, problem: string, instead: string) =>
    faults.push({ where: where(offset), path: pathText(path), problem, instead })

  for (const document of documents) {
    for (const error of [...document.errors, ...document.warnings]) {
      fault(error.pos[0], [], `is not YAML here: ${firstSentence(error.message)}`, hintFor(error.code))
    }
  }
  const [document, second] = documents
  if (second !== undefined) {
    fault(second.range[0], [], 'is a second document', 'keep one document: no --- in the middle of the file')
  }
  if (document === undefined || document.errors.length > 0) return { faults, references }

  const scalar = (text: string, offset: number, path: Path): string => {
    const filled = interpolate(text, env)
    for (const name of filled.names) references.add(name)
    for (const name of new Set(filled.missing)) {
      fault(
        offset,
        path,
        `refers to the environment variable ${name}, which is not set`,
        `set ${name}, or write $$\{${name}} for these characters themselves`,
      )
    }
    if (filled.malformed !== null) {
      fault(
        offset,
        path,
        'has a dollar and an opening brace that name no variable',
        'write $' + '{NAME}, or two dollars and a brace for the characters themselves',
      )
    }
    if (filled.missing.length > 0 || filled.malformed !== null) tree.spoil(path)
    if (filled.text !== text) tree.note(path, { where: where(offset), template: text })
    return filled.text
  }

  // Aliases are followed, so a document that grows exponentially by them must be stopped.
  let budget = 20_000
  const read = (node: unknown, path: Path): unknown => {
    if (--budget === 0) fault(0, [], 'has more than 20,000 values', 'write fewer, and fewer aliases')
    if (budget <= 0) return undefined
    if (isAlias(node)) {
      const target: Node | undefined = node.resolve(document)
      return path.length > 20 ? undefined : read(target, path)
    }
    const offset = (node as Node | null)?.range?.[0] ?? 0
    tree.note(path, { where: where(offset) })
    if (isScalar(node)) return typeof node.value === 'string' ? scalar(node.value, offset, path) : node.value
    if (isSeq(node)) return node.items.map((item, i) => read(item, [...path, i]))
    if (!isMap(node)) return undefined
    const mapping: Mapping = {}
    for (const { key, value } of node.items) {
      const keyOffset = (key as Node | null)?.range?.[0] ?? offset
      if (!isScalar(key) || typeof key.value !== 'string') {
        fault(keyOffset, path, 'has a key that is not text', 'write key: value')
        continue
      }
      const childPath = [...path, key.value]
      const child = read(value, childPath)
      tree.noteKey(childPath, { where: where(keyOffset) })
      // A key with nothing after it ("retention:" with all lines below commented out) is as if not written.
      if (child !== null)
        Object.defineProperty(mapping, key.value, {
          value: child,
          enumerable: true,
          writable: true,
          configurable: true,
        })
    }
    return mapping
  }

  const root = document.contents === null ? null : read(document.contents, [])
  tree.note([], { where: `${file.path}:1:1` })
  if (root === null || root === undefined) return { faults, references }
  if (typeof root !== 'object' || Array.isArray(root)) {
    fault(0, [], 'must be a mapping of settings', 'foundations: …')
  } else tree.root = root as Mapping
  return { faults, references }
}

function firstSentence(message: string): string {
  return message.split('\n')[0]?.replace(/[.:]\s*$/, '') ?? message
}

function hintFor(code: string): string {
  if (code === 'DUPLICATE_KEY') return 'keep one of the two'
  if (code === 'TAB_AS_INDENT') return 'indent with spaces'
  if (code === 'BAD_INDENT') return 'indent the keys of one mapping alike'
  if (code === 'TAG_RESOLVE_FAILED') return 'remove the tag'
  return 'correct the line; text with : # { } [ ] in it stands in quotes'
}
