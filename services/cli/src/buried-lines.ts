import type { Logger } from '@cf-audit-drain/runtime'

/** A line for each reason for which a poller has put events into the dead-letter store. */
export function buriedLines(logger: Pick<Logger, 'error'>): (count: number, tooLarge: number) => void {
  return (count, tooLarge) => {
    const malformed = count - tooLarge
    if (malformed > 0)
      logger.error({ count: malformed }, 'malformed events were put into the dead-letter store')
    if (tooLarge > 0)
      logger.error(
        { count: tooLarge },
        'events that are too large for their topic were put into the dead-letter store',
      )
  }
}
