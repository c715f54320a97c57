import type { Exceptions } from './rule.ts'

const readByItsStarter =
  'a program of its own: whoever started it reads from its output where it listens, or what came out'

/** See Exceptions: a line here needs a reason, and a line no longer needed fails the test. */
const toolUsage = 'a tool that was typed wrongly prints its usage and ends before it begins'

export const exceptions: Exceptions = {
  entryPoints: { 'test/shared-kafka.ts': 'npm test: --test-global-setup' },
  longFiles: {},
  longFunctions: {},
  largeFiles: {},
  calls: {
    'packages/log/src/kafka/request-queue-guard.ts: setTimeout':
      'kafkajs keeps the timer itself and ends it with clearTimeout',
    'packages/log/src/kafka/reauthentication-guard.ts: performance.now':
      'kafkajs notes the time of a login by process.hrtime, which counts from somewhere else than our clock',
    'packages/foundation-simulator/src/main.ts: process.stdout.write': readByItsStarter,
    'packages/foundation-simulator/src/main.ts: process.stderr.write': toolUsage,
    'packages/kafka-broker/src/main.ts: process.stdout.write': readByItsStarter,
    'packages/kafka-broker/src/main.ts: process.stderr.write':
      'its standard output is the one line that its starter reads; hints and failures are for people',
    'packages/runtime/testdata/main.ts: process.stdout.write': readByItsStarter,
    'test/bench/bench.ts: process.stdout.write': readByItsStarter,
    'test/faults/faults.ts: process.stdout.write': readByItsStarter,
    'test/tool-options.ts: process.stdout.write': toolUsage,
    'test/tool-options.ts: process.stderr.write': toolUsage,
    'test/tool-options.ts: process.exit': toolUsage,
  },
}
