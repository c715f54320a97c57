import { createHmac } from 'node:crypto'

/** What stands in the place of a secret: a keyed fingerprint, so that equal secrets stay recognisable as equal. */
export type Fingerprint = (secret: string) => string

const HEX_CHARACTERS = 16

/** 64 bits of HMAC-SHA-256: too few to verify a guess without the key, enough that two secrets never meet by chance. */
export function fingerprinter(key: Uint8Array): Fingerprint {
  return secret => {
    const hex = createHmac('sha256', key).update(secret, 'utf8').digest('hex').slice(0, HEX_CHARACTERS)
    return `[SCRUBBED hmac-sha256:${hex}]`
  }
}

/** Cloud Controller's own placeholders (`app/presenters/helpers/censorship.rb`). */
const HIDDEN: ReadonlySet<string> = new Set([
  '[PRIVATE DATA HIDDEN]',
  '[PRIVATE DATA HIDDEN IN LISTS]',
  '[REDACTED]',
  '***',
])

const OURS = /^\[SCRUBBED hmac-sha256:[0-9a-f]{16}\]$/

/** Something that already stands for a secret, and is left as it is: scrubbing twice changes nothing. */
export function isPlaceholder(text: string): boolean {
  return HIDDEN.has(text) || OURS.test(text)
}

const LENGTH_MAX = 64

const OURS_LENGTH = '[SCRUBBED hmac-sha256:]'.length + HEX_CHARACTERS

/** The end of a fingerprint of ours that begins at `at`, or -1. */
export function fingerprintEnd(text: string, at: number): number {
  const end = at + OURS_LENGTH
  return OURS.test(text.slice(at, end)) ? end : -1
}

/** The end of a placeholder that begins at `at`, or -1. Looks no further than a placeholder is long. */
export function placeholderEnd(text: string, at: number): number {
  const code = text[at]
  if (code !== '[' && code !== '*') return -1
  if (text.startsWith('***', at)) return at + 3
  const near = text.slice(at, at + LENGTH_MAX)
  const close = near.indexOf(']')
  return close !== -1 && isPlaceholder(near.slice(0, close + 1)) ? at + close + 1 : -1
}

/** The end of a placeholder that begins before `at` and reaches beyond it, or -1. */
export function enclosingPlaceholderEnd(text: string, at: number): number {
  const from = Math.max(0, at - LENGTH_MAX)
  const open = text.slice(from, at).lastIndexOf('[')
  const end = open === -1 ? -1 : placeholderEnd(text, from + open)
  return end > at ? end : -1
}
