import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml'
import { interpolate } from './interpolate.ts'
import type { Mapping, Path, SettingsTree } from './settings-tree.ts'

/** Where the values of one file go, and what is said about them. */
export interface YamlTarget {
  readonly tree: SettingsTree
  readonly env: Readonly<Record<string, string | undefined>>
  /** Environment variables the file refers to by `${NAME}`. */
  readonly references: Set<string>
  where(offset: number): string
  fault(offset: number, path: Path, problem: string, instead: string): void
}

// Aliases are followed, so a document that grows exponentially by them must be stopped.
const valuesMax = 20_000

/** The value of the document, each place in it noted in the tree. */
export function yamlValues(document: Document, target: YamlTarget): unknown {
  const { tree, where, fault } = target
  let left = valuesMax

  function read(node: unknown, path: Path): unknown {
    if (--left === 0) fault(0, [], 'has more than 20,000 values', 'write fewer, and fewer aliases')
    if (left <= 0) return undefined
    if (isAlias(node)) {
      const meant: Node | undefined = node.resolve(document)
      return path.length > 20 ? undefined : read(meant, path)
    }
    const offset = (node as Node | null)?.range?.[0] ?? 0
    tree.note(path, { where: where(offset) })
    if (isScalar(node))
      return typeof node.value === 'string' ? filledIn(node.value, offset, path, target) : node.value
    if (isSeq(node)) return node.items.map((item, i) => read(item, [...path, i]))
    return isMap(node) ? readMap(node, offset, path) : undefined
  }

  function readMap({ items }: YAMLMap, offset: number, path: Path): Mapping {
    const mapping: Mapping = {}
    for (const { key, value } of items as Pair[]) {
      const keyOffset = (key as Node | null)?.range?.[0] ?? offset
      if (!isScalar(key) || typeof key.value !== 'string') {
        fault(keyOffset, path, 'has a key that is not text', 'write key: value')
        continue
      }
      const childPath = [...path, key.value]
      const child = read(value, childPath)
      // A key with nothing after it ("retention:" with all lines below commented out) is as if not written.
      if (child === null) continue
      tree.noteKey(childPath, { where: where(keyOffset) })
      setOwn(mapping, key.value, child)
    }
    return mapping
  }

  return document.contents === null ? null : read(document.contents, [])
}

/** As a property of its own even when it is named `__proto__`. */
function setOwn(mapping: Mapping, key: string, value: unknown): void {
  Object.defineProperty(mapping, key, { value, enumerable: true, writable: true, configurable: true })
}

/** The text with `${NAME}` filled in. */
function filledIn(text: string, offset: number, path: Path, target: YamlTarget): string {
  const filled = interpolate(text, target.env)
  for (const name of filled.names) target.references.add(name)
  for (const name of new Set(filled.missing)) {
    target.fault(
      offset,
      path,
      `refers to the environment variable ${name}, which is not set`,
      `set ${name}, or write $$\{${name}} for these characters themselves`,
    )
  }
  if (filled.malformed !== null) {
    target.fault(
      offset,
      path,
      'has a dollar and an opening brace that name no variable',
      'write $' + '{NAME}, or two dollars and a brace for the characters themselves',
    )
  }
  if (filled.missing.length > 0 || filled.malformed !== null) target.tree.spoil(path)
  if (filled.text !== text) target.tree.note(path, { where: target.where(offset), template: text })
  return filled.text
}
