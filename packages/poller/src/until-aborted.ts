import { orAborted } from '@cf-audit-drain/pipeline'

/** What is read, until the signal aborts: also when the next of it does not come for long. @throws the signal's reason */
export async function* untilAborted<T>(read: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const reading = read[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await orAborted(reading.next(), signal)
      if (next.done) return
      yield next.value
    }
  } finally {
    // Not waited for: it may come after what does not come.
    reading.return?.()?.catch(() => undefined)
  }
}
