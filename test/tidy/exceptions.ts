import type { Exceptions } from './rule.ts'

const readByItsStarter =
  'a program of its own: whoever started it reads from its output where it listens, or what came out'

/** See Exceptions: a line here needs a reason, and a line no longer needed fails the test. */
export const exceptions: Exceptions = {
  entryPoints: {},
  longFiles: {},
  longFunctions: {},
  largeFiles: {},
  calls: {
    'packages/foundation-simulator/src/main.ts: process.stdout.write': readByItsStarter,
    'packages/runtime/testdata/main.ts: process.stdout.write': readByItsStarter,
    'test/bench/bench.ts: process.stdout.write': readByItsStarter,
    'test/faults/faults.ts: process.stdout.write': readByItsStarter,
  },
}
