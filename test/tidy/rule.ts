import type { Tree } from './tree.ts'

export interface Rule {
  /** A sentence that says what holds. */
  readonly name: string
  /** What to do instead; the end of every failure message. */
  readonly instead: string
  /** One line per fault, `path:line: what is wrong`; empty when the rule holds. */
  check(tree: Tree, exceptions: Exceptions): readonly string[]
}

/**
 * What the house tolerates, by rule, in one visible place (exceptions.ts). An exception that is no longer needed is a
 * fault itself, so the lists only grow shorter unless someone adds a line that a reviewer sees.
 */
export interface Exceptions {
  /** Files nobody imports, and why they are there. */
  readonly entryPoints: Readonly<Record<string, string>>
  /** Lines a file may have, above `linesMax`. */
  readonly longFiles: Readonly<Record<string, number>>
  /** Lines the functions of that name in that file may have, above `functionLinesMax`: `path#name`. */
  readonly longFunctions: Readonly<Record<string, number>>
  /** Bytes a file may have, above `bytesMax`. */
  readonly largeFiles: Readonly<Record<string, number>>
  /** `path: call`, and why that file may. */
  readonly calls: Readonly<Record<string, string>>
}

export const noExceptions: Exceptions = {
  entryPoints: {},
  longFiles: {},
  longFunctions: {},
  largeFiles: {},
  calls: {},
}
