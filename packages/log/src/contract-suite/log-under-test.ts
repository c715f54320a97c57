import { afterEach, beforeEach } from 'node:test'
import type { EventLog, EventQuery, LogEntry } from '../ports.ts'
import type { LogHarness } from './log-harness.ts'
import { foundation } from './made-up-entries.ts'

/** The log of the running test, new for each, and what the tests do with it. */
export interface LogUnderTest {
  /** Another one after `reopen` and `crash`. */
  readonly log: EventLog
  readonly unstorable: LogEntry
  reopen(): Promise<void>
  crash(): Promise<void>
  /** By a writer of its own; how many were new. */
  publish(entries: readonly LogEntry[], checkpoint?: string, to?: string): Promise<number>
  checkpointOf(foundation: string): Promise<string | null>
  /** The guids the log shows. */
  held(query?: EventQuery): Promise<readonly string[]>
  /** How many events the tallies count. */
  tallied(): Promise<number>
}

/** To be called in a `describe`: registers what opens and disposes of the log round each test. */
export function logUnderTest(makeHarness: () => Promise<LogHarness>): LogUnderTest {
  let harness: LogHarness
  let log: EventLog
  beforeEach(async () => {
    harness = await makeHarness()
    log = await harness.open()
  })
  afterEach(async () => {
    await harness.dispose()
  })

  return {
    get log() {
      return log
    },
    get unstorable() {
      return harness.unstorable
    },
    async reopen() {
      await log.close()
      log = await harness.open()
    },
    async crash() {
      await harness.crash(log)
      log = await harness.open()
    },
    async publish(entries, checkpoint = 'c', to = foundation) {
      const writer = await log.writer(to)
      try {
        return (await writer.publish(entries, checkpoint)).published
      } finally {
        await writer.close()
      }
    },
    async checkpointOf(of) {
      const writer = await log.writer(of)
      await writer.close()
      return writer.checkpoint
    },
    async held(query = {}) {
      return (await Array.fromAsync(log.events(query))).map(record => record.guid)
    },
    async tallied() {
      return (await log.tallies()).reduce((total, { count }) => total + count, 0)
    },
  }
}
