import type { ElectedPoller } from './elected-poller.ts'
import type { SinkStatus, SinkWorker } from './sink-worker.ts'

/**
 * Why a process is not ready, in sentences. A sink that cannot read is this process's own fault, wherever it runs. One
 * whose SIEM is away is told only where the process has nothing else to do: the SIEM must not take a poller, which fills the
 * log meanwhile, for unfit.
 */
export function notReady({
  foundations,
  workers,
}: {
  readonly foundations: readonly { readonly elected: Pick<ElectedPoller, 'notReady'> }[]
  readonly workers: readonly Pick<SinkWorker, 'status'>[]
}): string[] {
  const polls = foundations.length > 0
  return [
    ...foundations.flatMap(({ elected }) => elected.notReady() ?? []),
    ...workers.flatMap(worker => ofSink(worker.status(), polls)),
  ]
}

function ofSink({ sink, state, lastError, unread }: SinkStatus, polls: boolean): readonly string[] {
  if (unread.length > 0)
    return unread.map(({ foundation, message }) =>
      foundation === null
        ? `sink ${sink} fails: ${message}`
        : `sink ${sink} does not get the events of ${foundation}: ${message}`,
    )
  if (polls || state !== 'failing') return []
  return [`sink ${sink} fails: ${lastError?.message ?? 'for an unknown reason'}`]
}
