import type { Edit, Span } from '../json-text.ts'
import { type Fingerprint, isPlaceholder } from './fingerprint.ts'

/** A secret inside a longer text. */
export interface Finding extends Span {
  /** The secret itself where the text shows it encoded (percent-encoded in a URL). */
  readonly secret?: string
}

/** A text with more secrets than anybody puts into one is replaced whole: a fingerprint costs some microseconds. */
const FINDINGS_MAX = 1000

/** Turns findings, in any order and overlapping, into edits that replace each secret by its fingerprint. */
export function editsOf(text: string, findings: readonly Finding[], fingerprint: Fingerprint): Edit[] {
  if (findings.length > FINDINGS_MAX) return [{ start: 0, end: text.length, text: fingerprint(text) }]
  const edits: Edit[] = []
  let open: Finding | null = null
  const close = () => {
    if (open === null) return
    const secret = open.secret ?? text.slice(open.start, open.end)
    if (secret !== '' && !isPlaceholder(secret))
      edits.push({ start: open.start, end: open.end, text: fingerprint(secret) })
  }
  for (const next of [...findings].sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (open === null || next.start > open.end) {
      close()
      open = next
    } else if (next.end > open.end) open = { start: open.start, end: next.end }
  }
  close()
  return edits
}
