/** Where a topic of one partition ends, as its one writer knows it. */
export class PartitionTail {
  readonly topic: string
  #end: bigint

  constructor(topic: string, end: bigint) {
    this.topic = topic
    this.#end = end
  }

  /** The offset the next record gets, unless somebody else has written. */
  get end(): bigint {
    return this.#end
  }

  appended(offset: bigint, count: number): void {
    this.#end = offset + BigInt(count)
  }
}
