import type { FoundationWriter } from '@cf-audit-drain/log'

/** A writer of a log that holds nothing and takes everything, but for `changes`. */
export function emptyWriter(changes: Partial<FoundationWriter>): FoundationWriter {
  return {
    checkpoint: null,
    isAtomic: true,
    async *uncounted() {},
    async *guids() {},
    async *names() {},
    async *guidsOf() {},
    async *eventsOf() {},
    async *places() {},
    async *ledger() {},
    forgottenUpToMs: async () => null,
    publish: async (entries, _next, _letters, { windows = [] } = {}) => ({
      published: entries.length,
      windows,
    }),
    async close() {},
    ...changes,
  }
}
