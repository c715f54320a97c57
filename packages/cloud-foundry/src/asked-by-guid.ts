import { ApiUnavailableError } from './errors.ts'

/** Guids in one request: at 39 bytes each they leave room in nginx's 8 KiB for the request line. */
export const lookupGuidsMax = 150
/** CF-ResourceNotFound; a path that is not there has another. */
const notFound = '10010'

/** Whether Cloud Controller would read it as one guid: it splits at commas and decodes twice. */
export function canBeLookedUp(guid: string): boolean {
  return /^[A-Za-z0-9][-A-Za-z0-9_.]{0,199}$/.test(guid)
}

/** @throws RangeError for more guids than a request line takes, and for text that is no guid */
export function checkGuids(guids: readonly string[], max = lookupGuidsMax): void {
  if (guids.length === 0 || guids.length > max)
    throw new RangeError(`1 to ${max} guids can be looked up at once, not ${guids.length}`)
  const odd = guids.find(guid => !canBeLookedUp(guid))
  if (odd !== undefined) throw new RangeError(`${JSON.stringify(odd)} cannot be asked for by guid`)
}

/** The query for those of the guids that are shown. @throws RangeError as `checkGuids` */
export function guidsQuery(guids: readonly string[]): string {
  checkGuids(guids)
  return `guids=${guids.join(',')}&per_page=${guids.length}`
}

/** Null when what was asked for is gone, or hidden from this client. */
export async function nullIfGone<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ApiUnavailableError && error.code === notFound) return null
    throw error
  }
}
