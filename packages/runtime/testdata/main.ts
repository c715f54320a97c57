// A main for shutdown.test.ts: says 'ready' when it works, then does what its argument asks.
import { systemClock } from '@cf-audit-drain/pipeline'
import { createLogger } from '../src/logger.ts'
import { runMain } from '../src/shutdown.ts'

const kind = process.argv[2]
const logger = createLogger({ level: 'info', destination: 'stderr' })
const never = Promise.withResolvers<never>().promise
const alive = systemClock.sleep(60_000)

await runMain(
  async signal => {
    const stopped = new Promise(resolve => signal.addEventListener('abort', resolve))
    process.stdout.write('ready\n')
    if (kind === 'returns') return undefined
    if (kind === 'code') return 3
    if (kind === 'prints') {
      // More than a pipe holds, and the rest less than a stream asks to wait for.
      for (let i = 0; i < 73; i++) process.stdout.write(`${'x'.repeat(999)}\n`)
      logger.info('printed')
      return 3
    }
    if (kind === 'throws') throw new Error('it broke')
    if (kind === 'log-error') throw Object.assign(new Error('the log is damaged'), { code: 'LOG' })
    if (kind === 'rejects') void Promise.reject(new Error('nobody caught me'))
    if (kind === 'uncaught') process.nextTick(() => { throw new Error('nobody caught me') })
    if (kind === 'waits-for-signal') await systemClock.sleep(60_000, signal)
    if (kind === 'settles') {
      await stopped
      process.stdout.write('settled\n')
      return undefined
    }
    if (kind === 'settles-late') {
      await stopped
      await systemClock.sleep(300)
      process.stdout.write('settled\n')
      return undefined
    }
    if (kind === 'ignores') {
      await stopped
      await systemClock.sleep(1_050)
      process.stdout.write('more than a second later\n')
    }
    await Promise.race([never, alive])
    return undefined
  },
  {
    logger,
    shutdownTimeoutMs: kind === 'hangs' ? 200 : 30_000,
    exitCodeOf: error => (error instanceof Error && 'code' in error && error.code === 'LOG' ? 4 : undefined),
  },
)
