import { type Document, LineCounter, type ParsedNode, parseAllDocuments } from 'yaml'
import type { Fault } from './fault.ts'
import { type Mapping, pathText, type SettingsTree } from './settings-tree.ts'
import { type YamlTarget, yamlValues } from './yaml-values.ts'

type ParsedDocument = Document.Parsed<ParsedNode>

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
  const reading = { faults, references }
  const lines = new LineCounter()
  const documents = parseAllDocuments(file.text, { lineCounter: lines, prettyErrors: false })
  if (!Array.isArray(documents)) return reading
  const where = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${file.path}:${line}:${col}`
  }
  const fault: TellFault = (offset, path, problem, instead) =>
    faults.push({ where: where(offset), path: pathText(path), problem, instead })

  const document = onlyDocument(documents, fault)
  if (document === null) return reading
  const root = yamlValues(document, { tree, env, references, where, fault })
  tree.note([], { where: `${file.path}:1:1` })
  if (root === null || root === undefined) return reading
  if (typeof root !== 'object' || Array.isArray(root)) {
    fault(0, [], 'must be a mapping of settings', 'foundations: …')
  } else tree.root = root as Mapping
  return reading
}

type TellFault = YamlTarget['fault']

/** The first one; null when there is none, or it is no YAML. */
function onlyDocument(documents: readonly ParsedDocument[], fault: TellFault): ParsedDocument | null {
  for (const document of documents) {
    for (const error of [...document.errors, ...document.warnings]) {
      fault(error.pos[0], [], `is not YAML here: ${firstSentence(error.message)}`, hintFor(error.code))
    }
  }
  const [document, second] = documents
  if (second !== undefined) {
    fault(second.range[0], [], 'is a second document', 'keep one document: no --- in the middle of the file')
  }
  return document === undefined || document.errors.length > 0 ? null : document
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
