/** One record as kafkajs' fetch decoder gives it. Offsets and ids are INT64 in decimal. */
export interface RawRecord {
  readonly magicByte: number
  readonly offset: string
  /** Milliseconds since the epoch: the producer's time, or the broker's where the topic says so. */
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer | readonly Buffer[]>>
  /** The first header of this name (ASCII), without making the others; null: there is none. */
  header?(name: string): Buffer | null
  /** Written by the broker: the end of a transaction. Never for users. */
  readonly isControlRecord: boolean
  /** The batch it came in. */
  readonly batchContext: {
    readonly producerId: string
    readonly inTransaction: boolean
    readonly firstOffset: string
    /** From `firstOffset` to the last offset of the batch, whether or not a record is left there. */
    readonly lastOffsetDelta: number
  }
}

/** What the filter looks at. In the formats before record batches (magic 0 and 1) most of it is missing. */
type FilteredRecord = Pick<RawRecord, 'offset' | 'key'> & {
  readonly isControlRecord?: boolean
  readonly batchContext?: Pick<RawRecord['batchContext'], 'producerId' | 'inTransaction'>
}

/** The broker says: from `firstOffset` to its next abort marker, what this producer wrote in a transaction is void. */
export interface AbortedTransaction {
  readonly producerId: string
  readonly firstOffset: string
}

export interface FetchedRecords {
  /** In the order in which the transactions ended. Null or empty: none, or read uncommitted. */
  readonly abortedTransactions: readonly AbortedTransaction[] | null
  /** Whole batches: the first may begin below the offset that was asked for. */
  readonly messages: readonly RawRecord[]
}

/**
 * What a read_committed consumer may see of a fetch, from `fromOffset` on: no record of an aborted transaction, no
 * control record. Asked of a fetch with isolation level READ_COMMITTED; without the list of aborts it cannot know.
 */
export function committedRecords(fetched: FetchedRecords, fromOffset: bigint): RawRecord[] {
  return notAborted(fetched.messages, fetched.abortedTransactions).filter(
    record => !record.isControlRecord && BigInt(record.offset) >= fromOffset,
  )
}

/** All but the records of aborted transactions; the control records are still there. */
export function notAborted<R extends FilteredRecord>(
  messages: readonly R[],
  abortedTransactions: readonly AbortedTransaction[] | null,
): R[] {
  if (abortedTransactions === null || abortedTransactions.length === 0) return [...messages]
  const begins = abortedTransactions
    .map(({ producerId, firstOffset }) => ({ producerId, at: BigInt(firstOffset) }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
  const aborting = new Set<string>()
  let next = 0
  return messages.filter(record => {
    const offset = BigInt(record.offset)
    for (let begin = begins[next]; begin && begin.at <= offset; begin = begins[++next])
      aborting.add(begin.producerId)
    const batch = record.batchContext
    if (!batch) return true
    if (isAbortMarker(record)) aborting.delete(batch.producerId)
    return record.isControlRecord === true || !batch.inTransaction || !aborting.has(batch.producerId)
  })
}

/*
 * Key of a control record:
 *
 *   +---------------+-------------------------------+
 *   | version INT16 | type INT16                    |   type 0 = abort, 1 = commit
 *   +---------------+-------------------------------+
 *
 * Only the batch says that a record is a control record: a user's key may be the same four bytes.
 */
function isAbortMarker({ isControlRecord, key }: FilteredRecord): boolean {
  return isControlRecord === true && key !== null && key.length >= 4 && key.readInt16BE(2) === 0
}
