import type { Config } from '@cf-audit-drain/config'
import { isPassing } from '@cf-audit-drain/log'
import { systemClock } from '@cf-audit-drain/pipeline'
import type { Logger } from '@cf-audit-drain/runtime'
import { UsageError } from './arguments.ts'
import { kafkaOptions } from './kafka-options.ts'

const retryMs = 5_000

/**
 * The foundations that --start-from is for: on Kafka those whose checkpoint is gone. A foundation that was never polled
 * begins where it says in any case; the embedded log cannot lose a checkpoint and keep its events.
 *
 * @throws UsageError when every foundation has a checkpoint, so that the option would do nothing
 */
export async function lostFoundations(
  { log, foundations }: Config,
  logger: Logger,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (log.kafka === null) return []
  const { checkpointStates } = await import('@cf-audit-drain/log/kafka')
  const deps = { clock: systemClock, warn: (sentence: string) => logger.warn(sentence) }
  const options = kafkaOptions(log.kafka, { mode: 'read', waits: 'machine' }, deps)
  const names = foundations.map(({ name }) => name)
  for (;;)
    try {
      const states = await checkpointStates(options, names, systemClock)
      const sound = names.filter(name => states.get(name) === 'sound')
      if (sound.length === names.length)
        throw new UsageError(
          `--start-from: the checkpoint of ${sound.join(', ')} is sound, and polling goes on from it. Nothing was changed; start without --start-from`,
        )
      if (sound.length > 0)
        logger.info({ foundations: sound }, '--start-from is not for these: their checkpoint is sound')
      return names.filter(name => states.get(name) === 'lost')
    } catch (error) {
      if (!isPassing(error) || signal.aborted) throw error
      logger.warn({ reason: (error as Error).message }, 'Kafka failed; it is tried again')
      await systemClock.sleep(retryMs, signal)
    }
}
