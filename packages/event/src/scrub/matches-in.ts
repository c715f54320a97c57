const none: readonly RegExpExecArray[] = []

/** As `text.matchAll(pattern)`, which makes a copy of the expression for every text, also for those without a match: nearly all. */
export function matchesIn(text: string, pattern: RegExp): Iterable<RegExpExecArray> {
  pattern.lastIndex = 0
  const hasOne = pattern.test(text)
  pattern.lastIndex = 0
  return hasOne ? text.matchAll(pattern) : none
}
