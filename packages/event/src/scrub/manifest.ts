import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
} from 'yaml'
import { applyEdits, type Edit } from '../json-text.ts'
import { type Fingerprint, isPlaceholder } from './fingerprint.ts'
import { type Mode, modeOf } from './mode.ts'
import { textEdits } from './text-edits.ts'

/** A YAML parser needs a second for 20,000 lines; what would stop the poll for long is replaced whole. */
const SEPARATORS_MAX = 20_000
const QUOTES_MAX = 40_000
const DEPTH_MAX = 1000
const NEWLINE = 0x0a
const SPACE = 0x20
const DOUBLE_QUOTE = 0x22
const AMPERSAND = 0x26
const SINGLE_QUOTE = 0x27
const COMMA = 0x2c
const DASH = 0x2d
const QUESTION = 0x3f
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

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
  if (yaml.startsWith('\ufeff') || wouldTakeLong(yaml)) throw new Error('not a manifest to be parsed')
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
        else pair(item, isMap(node), mode === 'secret' && (item.value === null || isSet(node)), mode)
      }
    }
    const pair = ({ key, value }: Pair, inMap: boolean, keyIsValue: boolean, mode: Mode): void => {
      const name = keyText(isAlias(key) ? key.resolve(document) : key)
      if (name === null || keyIsValue) walk(key, keyIsValue ? 'secret' : 'manifest-part')
      // What a key of brackets, or of a tag, stands for is not known, so neither is what it names.
      walk(value, name === null ? 'secret' : inMap ? modeOf(name, mode) : mode)
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
  const found = textEdits(value, mode, fingerprint)
  if (found.length === 0) return null
  return applyEdits(value, found)
}

/** The text of a key that is a scalar of no unusual type, else null. */
function keyText(key: unknown): string | null {
  if (key === null || key === undefined) return ''
  if (!isScalar(key) || (key.tag !== undefined && key.tag !== 'tag:yaml.org,2002:str')) return null
  return String(key.value)
}

/** The members of a set are keys without values. */
function isSet(node: Node): boolean {
  return node.tag === 'tag:yaml.org,2002:set'
}

function visited(seen: Map<Node, Set<Mode>>, node: Node, mode: Mode): boolean {
  const modes = seen.get(node) ?? new Set()
  seen.set(node, modes)
  if (modes.has(mode)) return true
  modes.add(mode)
  return false
}

/**
 * Counts what a parser makes a node of: lines, the items of collections in brackets, and signs of YAML inside a line
 * (`- - - a`); and the quotes and open brackets.
 */
function wouldTakeLong(text: string): boolean {
  if (text.length <= DEPTH_MAX) return false
  let separators = 0
  let quotes = 0
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === SPACE || (code > CLOSE_BRACKET && code < OPEN_BRACE)) continue
    if (code === NEWLINE || code === COMMA || (isSign(code) && isInsideLine(text, i))) separators++
    else if (code === DOUBLE_QUOTE || code === SINGLE_QUOTE) quotes++
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      separators++
      depth++
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--
    if (separators > SEPARATORS_MAX || quotes > QUOTES_MAX || depth > DEPTH_MAX) return true
  }
  return false
}

function isSign(code: number): boolean {
  return code === DASH || code === QUESTION || code === AMPERSAND
}

/** After one space that is not part of an indentation. */
function isInsideLine(text: string, at: number): boolean {
  return at >= 2 && text[at - 1] === ' ' && text.charCodeAt(at - 2) > 0x20
}
