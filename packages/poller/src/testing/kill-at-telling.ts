import { isOwnGuid } from '@cf-audit-drain/event'
import { alterWriter } from './alter-writer.ts'
import type { PolledFoundation } from './polled-foundation.ts'

/** Ends the session at its first publish of an event of our own: before it is done, or after. */
export function killAtTelling(
  one: PolledFoundation,
  when: 'before' | 'after',
): { readonly isKilled: boolean } {
  const state = { isKilled: false }
  alterWriter(one.log, real => ({
    publish: async (...what) => {
      const isKill = !state.isKilled && what[0].some(({ guid }) => isOwnGuid(guid))
      state.isKilled ||= isKill
      if (isKill && when === 'before') throw new Error('killed before it was told')
      const result = await real.publish(...what)
      if (isKill) throw new Error('killed after it was told')
      return result
    },
  }))
  return state
}
