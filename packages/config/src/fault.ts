/** One thing that is wrong in the configuration, and what to write instead. Never holds a secret's value. */
export interface Fault {
  /** `config.yaml:12:5` (line and column from 1), `environment variable CF_API`, or `option --start-from`. */
  readonly where: string
  /** The setting, `foundations[0].pollInterval`; empty when it concerns the whole. */
  readonly path: string
  /** What is wrong: a sentence without its full stop. */
  readonly problem: string
  /** What to write or do instead. */
  readonly instead: string
}

/** All faults as text, each on two lines, for a terminal. */
export function renderFaults(faults: readonly Fault[]): string {
  const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`
  const lines = faults.map(fault => {
    const subject = fault.path === '' ? '' : `${fault.path} `
    return `  ${fault.where}: ${subject}${fault.problem}\n      ${fault.instead}\n`
  })
  return `The configuration has ${count}:\n${lines.join('')}`
}
