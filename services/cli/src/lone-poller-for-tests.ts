import { createScrubber } from '@cf-audit-drain/event'
import { systemClock } from '@cf-audit-drain/pipeline'
import { createLogger, exitCodes, runMain } from '@cf-audit-drain/runtime'
import { readConfiguration } from './configuration.ts'
import { foundationService } from './foundations.ts'
import { openLog } from './open-log.ts'
import { random } from './random.ts'

/**
 * A poller that never stands for election and believes that its foundation is its own: what a process is for as long
 * as it has not learned that another one was elected. Its one argument is the configuration.
 */
const config = readConfiguration({
  command: 'poller',
  config: process.argv[2] ?? '',
  overrides: {},
  untilCaughtUp: false,
  dryRun: false,
  acceptRights: false,
  checkFor: 'start',
  query: { limit: 0, json: false },
  ledger: { form: 'text' },
})
const logger = createLogger({ level: 'info', destination: 'stdout' })
await runMain(
  async signal => {
    const log = await openLog(config, { clock: systemClock, logger })
    const [foundation] = config.foundations
    if (foundation) {
      const scrubber = createScrubber({ key: Buffer.alloc(32, 1) })
      const deps = {
        log,
        scrubber,
        clock: systemClock,
        random,
        logger,
        metrics: null,
        acceptRights: false,
        isAlone: true,
      }
      const { elected, close } = foundationService(foundation, deps)
      elected.elected(true)
      await elected.poll(signal)
      await close()
    }
    await log.close()
    return exitCodes.ok
  },
  { logger, shutdownTimeoutMs: 10_000 },
)
