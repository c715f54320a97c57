import { checkRelations } from './check-relations.ts'
import type { Config } from './config.ts'
import { applyEnvironment } from './environment.ts'
import { expandKafkaShorthands } from './expand-kafka-shorthands.ts'
import type { Fault } from './fault.ts'
import { complaintOf, faultFromComplaint, unknownKeyFault } from './issue-faults.ts'
import { keysAt } from './json-schema.ts'
import { byVariable } from './missing-variable.ts'
import { misspeltVariables } from './misspelt-variables.ts'
import { applyOptions, type Overrides } from './options.ts'
import { readYaml, type YamlFile } from './read-yaml.ts'
import { configSchema } from './schema.ts'
import { pathText, SettingsTree } from './settings-tree.ts'
import { spreadSinkOptions } from './sink-options.ts'
import { toConfig } from './to-config.ts'

export interface LoadInput {
  /** The configuration file, already read; absent when there is none. */
  readonly file?: YamlFile | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly args?: Overrides | undefined
  /** Text of a file that a setting names; throws as `readFileSync` does. */
  readonly readFile: (path: string) => string
}

/**
 * File, environment and options → a configuration, or every fault of all of them at once. Reads the files that
 * settings name; connects to nothing.
 *
 * Options go over environment variables, and these over the file. Variables that describe a foundation (a sink, the
 * log) are not merged into a file that has foundations (sinks, settings of the log): set beside one they are faults,
 * unless the file refers to them as `${NAME}`.
 */
export function loadConfig(
  input: LoadInput,
): { readonly config: Config } | { readonly faults: readonly [Fault, ...Fault[]] } {
  const tree = new SettingsTree(input.file?.path ?? 'environment')
  const reading =
    input.file === undefined
      ? { faults: [], references: new Set<string>() }
      : readYaml(input.file, input.env, tree)
  const laid = [
    ...reading.faults,
    ...applyEnvironment(input.env, reading.references, tree),
    ...applyOptions(input.args ?? {}, tree),
    ...spreadSinkOptions(tree),
    ...expandKafkaShorthands(tree),
  ]
  const { faults: related, secrets } = checkRelations(tree, input.readFile)
  const misspelt = input.file === undefined ? misspeltVariables(input.env) : []
  const judged = configSchema.safeParse(tree.root)
  const single = judged.success ? [] : judged.error.issues.flatMap(issue => issueFaults(issue, tree))
  const [first, ...others] = inOrder(
    [...laid, ...single, ...related].map(fault => byVariable(fault, tree, misspelt)),
  )
  if (first !== undefined) return { faults: [first, ...others] }
  if (!judged.success) throw new Error('the schema refused a document without naming a fault')
  return { config: toConfig(judged.data, secrets) }
}

type Issue = NonNullable<ReturnType<typeof configSchema.safeParse>['error']>['issues'][number]

function issueFaults(issue: Issue, tree: SettingsTree): readonly Fault[] {
  const path = issue.path.filter(step => typeof step !== 'symbol')
  if (tree.isSpoiled(path)) return []
  const found = complaintOf(issue)
  if (found !== undefined) {
    const value = found.isSecret ? undefined : tree.get(path)
    return [faultFromComplaint(found.complaint, path, tree.origin(path), value)]
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key =>
      unknownKeyFault(path, key, keysAt(path), tree.keyOrigin([...path, key]).where),
    )
  }
  return [
    {
      where: tree.origin(path).where,
      path: pathText(path),
      ...shapeProblem(issue, tree.get(path) === undefined),
    },
  ]
}

function shapeProblem(
  issue: Issue,
  isMissing: boolean,
): { readonly problem: string; readonly instead: string } {
  if (issue.code === 'invalid_type' && issue.expected === 'array') {
    return {
      problem: isMissing ? 'is missing' : 'must be a list',
      instead: 'write one "- " line per item',
    }
  }
  if (issue.code === 'invalid_type' && issue.expected === 'object') {
    return { problem: 'must be a mapping', instead: 'write key: value lines, indented under it' }
  }
  if (issue.code === 'too_small') {
    return { problem: 'is an empty list', instead: 'write at least one "- " line under it' }
  }
  if (issue.code === 'too_big') {
    return { problem: `has more than ${issue.maximum} items`, instead: `keep at most ${issue.maximum}` }
  }
  return { problem: issue.message, instead: 'see docs/reference/config.md' }
}

/** By place, as the operator will go through them: the file from top to bottom, then the rest. */
function inOrder(faults: readonly Fault[]): readonly Fault[] {
  const rank = (fault: Fault): readonly [number, number] => {
    const match = /:([0-9]+):([0-9]+)$/.exec(fault.where)
    return match === null ? [Number.MAX_SAFE_INTEGER, 0] : [Number(match[1]), Number(match[2])]
  }
  return [...faults].sort((a, b) => {
    const [aLine, aColumn] = rank(a)
    const [bLine, bColumn] = rank(b)
    return aLine - bLine || aColumn - bColumn
  })
}
