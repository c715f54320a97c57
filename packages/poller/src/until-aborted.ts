/** What is read, until the signal aborts: also when the next of it does not come for long. @throws the signal's reason */
export async function* untilAborted<T>(read: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const reading = read[Symbol.asyncIterator]()
  // One listener for all of it: a million guids may be read.
  let leave: (reason: unknown) => void = () => undefined
  const onAbort = () => leave(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    for (;;) {
      signal.throwIfAborted()
      const next = await new Promise<IteratorResult<T>>((resolve, reject) => {
        leave = reject
        reading.next().then(resolve, reject)
      })
      if (next.done) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Not waited for: it may come after what does not come.
    reading.return?.()?.catch(() => undefined)
  }
}
