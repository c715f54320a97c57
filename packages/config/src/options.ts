import type { Fault } from './fault.ts'
import { optionComplaint } from './issue-faults.ts'
import { foundationSchema } from './schema.ts'
import type { Path, SettingsTree } from './settings-tree.ts'

/** Options of the command line that change the configuration, with their values as written; over file and environment. */
export type Overrides = { readonly [name in OptionName]?: string | undefined }

type OptionName = 'data-dir' | 'http-address' | 'log-level' | 'start-from' | 'poll-interval' | 'strict'

type FoundationKey = keyof typeof foundationSchema.shape

export const options: readonly {
  readonly name: OptionName
  /** Of the process, or `key` of every foundation. */
  readonly target: { readonly path: Path } | { readonly key: FoundationKey }
}[] = [
  { name: 'data-dir', target: { path: ['log', 'dir'] } },
  { name: 'http-address', target: { path: ['http', 'address'] } },
  { name: 'log-level', target: { path: ['logging', 'level'] } },
  { name: 'start-from', target: { key: 'startFrom' } },
  { name: 'poll-interval', target: { key: 'pollInterval' } },
  { name: 'strict', target: { key: 'strict' } },
]

export function applyOptions(given: Overrides, tree: SettingsTree): readonly Fault[] {
  const faults: Fault[] = []
  for (const { name, target } of options) {
    const value = given[name]
    if (value === undefined) continue
    const origin = { where: `option --${name}`, assignment: `--${name} ` }
    if ('path' in target) {
      tree.set(target.path, value, origin)
      continue
    }
    // Judged once here and laid over the foundations only when good: one wrong option is one fault.
    const fault = optionComplaint(
      foundationSchema.shape[target.key],
      value,
      ['foundations', target.key],
      origin,
    )
    if (fault !== undefined) faults.push(fault)
    const foundations = tree.get(['foundations'])
    if (fault !== undefined || !Array.isArray(foundations)) continue
    foundations.forEach((_, i) => {
      tree.set(['foundations', i, target.key], value, origin)
    })
  }
  return faults
}
