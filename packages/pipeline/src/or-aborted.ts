/**
 * The promise's result, or the signal's reason as soon as it aborts. The promise itself goes on, its rejection handled, and
 * nobody hears of its end: only for what may have any outcome then.
 */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const leave = () => reject(signal.reason)
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave, { once: true })
  try {
    // Also of an aborted signal: nobody else would handle what the promise may yet reject with.
    return await Promise.race([aborted, promise])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
