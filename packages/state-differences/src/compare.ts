import type { KeptObject, Observed } from './observed.ts'
import { isEqual } from './value.ts'

/** What a reading differs in from what is kept. */
export interface Comparison {
  readonly created: readonly Observed[]
  readonly updated: readonly { readonly before: KeptObject; readonly after: Observed }[]
  /** Equal in what is compared, but to be kept anew: it is back, or its name, time or organization is another. */
  readonly touched: readonly Observed[]
  readonly absent: readonly KeptObject[]
  /** It shows what is older than what was seen before: an answer out of the past. */
  readonly isStale: boolean
}

export function compare(
  kept: ReadonlyMap<string, KeptObject>,
  observed: ReadonlyMap<string, Observed>,
): Comparison {
  const created: Observed[] = []
  const updated: { before: KeptObject; after: Observed }[] = []
  const touched: Observed[] = []
  let isStale = false
  for (const [key, after] of observed) {
    const before = kept.get(key)
    if (before === undefined) {
      created.push(after)
      continue
    }
    isStale ||= isOlder(after.updatedAt, before.updatedAt)
    if (!isEqual(before.value, after.value)) updated.push({ before, after })
    else if (before.gone !== null || !isSameBeside(before, after)) touched.push(after)
  }
  const absent = [...kept.values()].filter(({ key }) => !observed.has(key))
  return { created, updated, touched, absent, isStale }
}

function isOlder(shown: string | null, seen: string | null): boolean {
  return shown !== null && seen !== null && shown < seen
}

/** Earlier versions did not keep of which organization the space is. */
function isSameBeside(before: Observed, after: Observed): boolean {
  return (
    before.updatedAt === after.updatedAt &&
    before.target.name === after.target.name &&
    (after.organizationGuid === null || before.organizationGuid === after.organizationGuid)
  )
}
