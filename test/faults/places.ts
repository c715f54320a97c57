import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/** The programs under test and those that test them. */
export const places = {
  root,
  node: join(root, 'node_modules/node/bin/node'),
  drain: join(root, 'node_modules/.bin/cf-audit-drain'),
  simulator: join(root, 'packages/foundation-simulator/src/main.ts'),
  receiver: join(root, 'test/faults/receiver.ts'),
  trace: join(root, 'packages/foundation-simulator/recordings/visibility-trace.ndjson'),
  readme: join(root, 'README.md'),
  results: join(root, 'test/faults/RESULTS.md'),
}
