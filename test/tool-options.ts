import { type ParseArgsConfig, parseArgs } from 'node:util'

/**
 * The options of a tool of this folder. `--help` prints `usage` and ends with 0; an option that is not there, or lacks
 * its value, is one sentence and the usage, and ends with 2.
 */
export function toolOptions<T extends NonNullable<ParseArgsConfig['options']>>(options: T, usage: string) {
  if (process.argv.includes('--help')) {
    process.stdout.write(`${usage}\n`)
    process.exit(0)
  }
  try {
    return parseArgs({ options }).values
  } catch (error) {
    return refuse((error as Error).message, usage)
  }
}

/** Ends with 2: what was typed cannot be done. */
export function refuse(why: string, usage: string): never {
  process.stderr.write(`${why}\n${usage}\n`)
  process.exit(2)
}
