import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  type Node,
  parseAllDocuments,
  type Scalar,
} from 'yaml'
import { applyEdits, type Edit } from '../json-text.ts'
import { editsOf } from './finding.ts'
import { type Fingerprint, isPlaceholder } from './fingerprint.ts'
import { isText, type Mode, modeOf } from './mode.ts'
import { textSecrets } from './text-secrets.ts'

/** A YAML parser needs a second for 20,000 lines; what would stop the poll for long is replaced whole. */
const SEPARATORS_MAX = 20_000
/** The parser walks the document once for each. */
const ALIASES_MAX = 500

/**
 * Edits that take the secrets out of a manifest and leave every other character as it was written. A manifest that
 * cannot be parsed, or would take too long, is replaced whole.
 */
export function manifestEdits(yaml: string, fingerprint: Fingerprint): Edit[] {
  if (yaml === '' || isPlaceholder(yaml)) return []
  try {
    return editsOfNodes(yaml, fingerprint)
  } catch {
    // Not parsed, or nested deeper than the parser can go: nothing is known of it, so nothing of it may pass.
    return [{ start: 0, end: yaml.length, text: fingerprint(yaml) }]
  }
}

function editsOfNodes(yaml: string, fingerprint: Fingerprint): Edit[] {
  if (yaml.startsWith('\ufeff') || separatorsOf(yaml) > SEPARATORS_MAX)
    throw new Error('not a manifest to be parsed')
  const edits = new Map<number, Edit>()
  const seen = new Map<Node, Set<Mode>>()
  let aliases = 0

  const documents = parseAllDocuments(yaml, { uniqueKeys: false, logLevel: 'silent', prettyErrors: false })
  for (const document of documents) {
    if (document.errors.length > 0) throw new Error('the manifest is not YAML')
    const walk = (node: unknown, mode: Mode): void => {
      if (isAlias(node)) {
        aliases++
        if (aliases > ALIASES_MAX) throw new Error('the manifest has too many aliases')
        walk(node.resolve(document), mode)
      }
      if (!isScalar(node) && !isCollection(node)) return
      if (visited(seen, node, mode)) return
      if (isScalar(node)) {
        scalar(node, mode)
        return
      }
      for (const item of node.items) {
        if (!isPair(item)) walk(item, mode)
        else walk(item.value, isMap(node) ? modeOf(keyText(item.key), mode) : mode)
      }
    }
    walk(document.contents, 'manifest-part')
  }
  return [...edits.values()].sort((a, b) => a.start - b.start)

  function scalar(node: Scalar, mode: Mode): void {
    const range = node.range
    if (!range) return
    const replacement = scrubbedScalar(node, yaml.slice(range[0], range[1]), mode, fingerprint)
    // What an alias showed to be a secret stays one, whatever else names it.
    if (replacement === null || (edits.has(range[0]) && mode !== 'secret')) return
    const newline = /\n*$/.exec(yaml.slice(range[0], range[1]))?.[0] ?? ''
    edits.set(range[0], { start: range[0], end: range[1], text: JSON.stringify(replacement) + newline })
  }
}

function scrubbedScalar(node: Scalar, source: string, mode: Mode, fingerprint: Fingerprint): string | null {
  const { value } = node
  if (mode === 'secret') {
    if (value === null || typeof value === 'boolean' || value === '') return null
    const secret = typeof value === 'string' ? value : source
    return isPlaceholder(secret) ? null : fingerprint(secret)
  }
  if (typeof value !== 'string') return null
  const found = editsOf(value, textSecrets(value, isText(mode) ? mode : 'plain'), fingerprint)
  if (found.length === 0) return null
  return applyEdits(value, found)
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : ''
}

function visited(seen: Map<Node, Set<Mode>>, node: Node, mode: Mode): boolean {
  const modes = seen.get(node) ?? new Set()
  seen.set(node, modes)
  if (modes.has(mode)) return true
  modes.add(mode)
  return false
}

/** What a parser makes a node of: lines, and the items of collections written in brackets. */
function separatorsOf(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x0a || code === 0x2c || code === 0x5b || code === 0x7b) count++
  }
  return count
}
