import assert from 'node:assert/strict'
import type { NameRecord } from '@cf-audit-drain/log'

const prefix = 'kept '

/**
 * What the poller itself has to remember over a restart and no checkpoint has room for: small texts by key, in the log
 * beside the names of things, changed in the transaction of what they speak of. All of them are in memory.
 */
export class KeptRecords {
  readonly #values = new Map<string, string>()

  get(key: string): string | undefined {
    return this.#values.get(key)
  }

  /** Those whose key begins so; in no order. */
  *beginningWith(start: string): Generator<readonly [key: string, value: string]> {
    for (const entry of this.#values) if (entry[0].startsWith(start)) yield entry
  }

  /** As the log keeps them. */
  static records(changes: readonly NameRecord[]): readonly NameRecord[] {
    return changes.map(({ key, value }) => ({ key: prefix + key, value }))
  }

  /** They are in the log now. */
  apply(changes: readonly NameRecord[]): void {
    for (const { key, value } of changes)
      if (value === null) this.#values.delete(key)
      else this.#values.set(key, value)
  }

  async restore(kept: AsyncIterable<NameRecord>): Promise<void> {
    for await (const { key } of this.rest(kept)) assert(!key.startsWith(prefix))
  }

  /** Takes its own out of what the log has kept, and passes the rest on. */
  async *rest(kept: AsyncIterable<NameRecord>): AsyncGenerator<NameRecord> {
    for await (const record of kept)
      if (record.key.startsWith(prefix))
        this.apply([{ key: record.key.slice(prefix.length), value: record.value }])
      else yield record
  }
}
