/**
 * The contract every source and every sink keeps. The product is one loop, `run(source, sink)`; a service is a
 * choice of the two ends. Behaviour an end lacks is a wrapper round it, never a flag inside it.
 */

/** Never empty; in the source's order. */
export type Batch<T> = readonly [T, ...T[]]

export interface Delivery<T> {
  readonly batch: Batch<T>
  /**
   * Called once by the loop, and again only after it has thrown. Without a reason: every record is delivered or dead-lettered, and the source
   * must make its cursor durable past them before the promise resolves. With a reason: the first `done` (default 0) are, and the cursor
   * goes past those; nothing is known of the others, and the next `read` gives them again.
   */
  settle(reason?: Error, done?: number): Promise<void>
}

export interface Source<T> {
  /** Called before the first read, and again, with back-off, after a NotConnectedError. */
  connect(signal: AbortSignal): Promise<void>
  /** Waits for records. `null`: the source has ended. At most one delivery is unsettled at a time. */
  read(signal: AbortSignal): Promise<Delivery<T> | null>
  /** Safe twice, and without connect. */
  close(): Promise<void>
}

/** What became of one record. A record is never skipped: it is delivered, tried again, or buried with its reason. */
export type Outcome =
  | { readonly kind: 'delivered' }
  /** The same bytes will meet the same refusal: the record belongs in the dead-letter store. */
  | { readonly kind: 'rejected'; readonly reason: Error }
  | { readonly kind: 'retry'; readonly reason: Error; readonly afterMs?: number }

export interface Sink<T> {
  connect(signal: AbortSignal): Promise<void>
  /**
   * One outcome per record, in the batch's order. Throws only when no outcome is known, which means: retry all.
   * 'delivered' is said only when the receiver has confirmed the bytes.
   */
  write(batch: Batch<T>, signal: AbortSignal): Promise<readonly Outcome[]>
  /** Safe twice, and without connect. */
  close(): Promise<void>
}

/** The end is not connected (any more). Thrown by `write` only when nothing of the batch was sent. */
export class NotConnectedError extends Error {
  override readonly name = 'NotConnectedError'
}

export const delivered: Outcome = Object.freeze({ kind: 'delivered' })
