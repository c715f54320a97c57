import { isoSec } from '@cf-audit-drain/log'
import type { PollerObserver } from '@cf-audit-drain/poller'
import type { Logger } from '@cf-audit-drain/runtime'

const sentences = {
  'event-missing': 'an audit event was lost in Cloud Controller; the log holds it',
  truncated: 'the audit events of Cloud Controller were cut off; the log holds them',
  restored: "Cloud Controller's database was set back to an earlier time; the log holds what it lost",
} as const

/** Log lines of what was lost at its source, and came back. */
export function sourceObserver(
  logger: Logger,
): Pick<PollerObserver, 'sourceLoss' | 'sourceReturned' | 'lettersLeftOut'> {
  const about = ({ guid, count, fromSec, toSec }: Parameters<ReturnedObserver>[0]) => ({
    ...(guid !== null && { guid }),
    count,
    from: isoSec(fromSec),
    to: isoSec(toSec),
  })
  return {
    sourceLoss: loss => logger.error({ kind: loss.kind, ...about(loss) }, sentences[loss.kind]),
    sourceReturned: returned =>
      logger.warn(about(returned), 'Cloud Controller shows again what was told to be lost'),
    lettersLeftOut: letters =>
      logger.warn(
        { letters },
        'so many dead letters may be lost in Cloud Controller at once that of these it is not told which are: they stay suspected, and are looked at after a restart',
      ),
  }
}

type ReturnedObserver = NonNullable<PollerObserver['sourceReturned']>
