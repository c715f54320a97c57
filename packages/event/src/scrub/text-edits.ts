import { applyEdits, type Edit } from '../json-text.ts'
import { editsOf } from './finding.ts'
import type { Fingerprint } from './fingerprint.ts'
import { isText, type Mode } from './mode.ts'
import { textSecrets } from './text-secrets.ts'

/** A text that has not come to rest after so many is replaced whole. */
const ROUNDS_MAX = 4

/**
 * Edits that take the secrets out of a string and leave every other character as it was. A broken text
 * (`password:?]@`) may read otherwise once a part of it is a fingerprint: such a one is looked at until nothing is
 * found, and replaced by one edit.
 */
export function textEdits(text: string, mode: Mode, fingerprint: Fingerprint): Edit[] {
  const editsIn = (value: string): Edit[] =>
    editsOf(value, textSecrets(value, isText(mode) ? mode : 'plain'), fingerprint)

  const edits = editsIn(text)
  if (edits.length === 0) return edits
  let scrubbed = applyEdits(text, edits)
  let more = editsIn(scrubbed)
  if (more.length === 0) return edits
  for (let round = 1; more.length > 0; round++) {
    if (round === ROUNDS_MAX) return [{ start: 0, end: text.length, text: fingerprint(text) }]
    scrubbed = applyEdits(scrubbed, more)
    more = editsIn(scrubbed)
  }
  return [{ start: 0, end: text.length, text: scrubbed }]
}
