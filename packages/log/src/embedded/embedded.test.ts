import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@cf-audit-drain/pipeline'
import { type LogHarness, logContractSuite, makeEntry } from '../contract-suite.ts'
import type { EventLog, LogEntry } from '../ports.ts'
import { openEmbeddedLog } from './embedded-log.ts'

logContractSuite('the embedded log', async (): Promise<LogHarness> => {
  const root = mkdtempSync(join(tmpdir(), 'embedded-log-'))
  const opened: EventLog[] = []
  let generation = 0
  return {
    open: async () => {
      const log = await openEmbeddedLog({ dir: join(root, String(generation)), clock: systemClock })
      opened.push(log)
      return log
    },
    // The copy holds what the kernel holds, and none of the locks: what a killed process leaves. By `cp`, because
    // closing a descriptor of the file in this process would drop SQLite's own locks.
    crash: async () => {
      execFileSync('cp', ['-r', join(root, String(generation)), join(root, String(++generation))])
    },
    unstorable: { ...makeEntry(999), receivedAtMs: 'no number' } as unknown as LogEntry,
    dispose: async () => {
      for (const log of opened) await log.close()
      rmSync(root, { recursive: true })
    },
  }
})
