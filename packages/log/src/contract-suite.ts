import { describe } from 'node:test'
import { deadLetterSuite } from './contract-suite/dead-letter-suite.ts'
import { deliverySuite } from './contract-suite/delivery-suite.ts'
import { guidSuite } from './contract-suite/guid-suite.ts'
import { leadingSuite } from './contract-suite/leading-suite.ts'
import { ledgerSuite } from './contract-suite/ledger-suite.ts'
import type { LogHarness } from './contract-suite/log-harness.ts'
import { logUnderTest } from './contract-suite/log-under-test.ts'
import { mixtureSuite } from './contract-suite/mixture-suite.ts'
import { namesSuite } from './contract-suite/names-suite.ts'
import { publishingSuite } from './contract-suite/publishing-suite.ts'
import { readingSuite } from './contract-suite/reading-suite.ts'
import { retentionSuite } from './contract-suite/retention-suite.ts'
import { waitingSuite } from './contract-suite/waiting-suite.ts'

export type { LogHarness } from './contract-suite/log-harness.ts'
export { makeEntries, makeEntry } from './contract-suite/made-up-entries.ts'

/**
 * Registers what every adapter of the log promises, as tests of node:test. An adapter whose store has retention of its
 * own prunes nothing, and is left out of the tests of pruning.
 */
export function logContractSuite(
  name: string,
  makeHarness: () => Promise<LogHarness>,
  { prunes }: { readonly prunes: boolean } = { prunes: true },
): void {
  // One log is under test at a time, whatever the one who calls this runs beside it.
  describe(`${name} keeps the contract of the log`, { concurrency: 1 }, () => {
    const under = logUnderTest(makeHarness)
    publishingSuite(under)
    guidSuite(under)
    ledgerSuite(under)
    deliverySuite(under)
    waitingSuite(under)
    deadLetterSuite(under)
    readingSuite(under)
    leadingSuite(under)
    if (prunes) describe('retention', () => retentionSuite(under))
    namesSuite(under)
    mixtureSuite(under)
  })
}
