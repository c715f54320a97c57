import type { Finding } from './finding.ts'
import { fingerprintEnd, placeholderEnd } from './fingerprint.ts'

const SAYS_NOTHING =
  /^(?:true|false|yes|no|null|nil|none|undefined|required|missing|invalid|expired|unknown|empty|not|is|was|must|cannot|\$[A-Z_]{1,64})$/i
/** A variable, an expression or the beginning of a structure. */
const NO_VALUE = /^(?:\$[({]|\(\(|[{<])/
const SCHEME_WORD = /(?:bearer|basic|digest|token|negotiate|apikey)[ \t]{1,4}(?=\S)/iy

/** The value that begins at `at`: to the closing quote if it has quotes, else to the end of the word. Null: none, or no secret. */
export function valueAt(text: string, at: number): Finding | null {
  SCHEME_WORD.lastIndex = at
  const from = SCHEME_WORD.test(text) ? SCHEME_WORD.lastIndex : at
  const quote = /^\\?(["'`])/.exec(text.slice(from, from + 2))
  const start = from + (quote?.[0].length ?? 0)
  if (placeholderEnd(text, start) !== -1) return null
  if (quote !== null) return finding(start, quotedEnd(text, start, quote[1] ?? '"'))
  if (NO_VALUE.test(text.slice(start, start + 2))) return null
  const end = runEnd(text, start)
  return end - start <= 65 && SAYS_NOTHING.test(text.slice(start, end)) ? null : finding(start, end)
}

function finding(start: number, end: number): Finding | null {
  return end > start ? { start, end } : null
}

/** Ends a word; the first two also stand inside passwords. */
const STOP = /[;,\s&"'`)\]}|]/g

/**
 * The end of an unquoted word. `Pwd=a;b;Uid=u`: what follows a semicolon or comma, and is neither a `name=value` nor a
 * fingerprint, belongs to the word.
 */
function runEnd(text: string, at: number): number {
  let end = stopFrom(text, at)
  while (text[end] === ';' || text[end] === ',') {
    const next = stopFrom(text, end + 1)
    if (next === end + 1) return end
    const mark = fingerprintEnd(text, end + 1)
    // With more behind it, it is a part of the word.
    if (mark !== -1 && stopFrom(text, mark) === mark) return end
    if (/[=:]/.test(text.slice(end + 1, next))) return end
    end = next
  }
  return end
}

function stopFrom(text: string, at: number): number {
  STOP.lastIndex = at
  return STOP.exec(text)?.index ?? text.length
}

/** Where a quoted value ends. Inside quoted JSON the quotes are escaped themselves. */
export function quotedEnd(text: string, start: number, quote: string): number {
  const escaped = text[start - 2] === '\\'
  let at = text.indexOf(quote, start)
  while (at !== -1) {
    let backslashes = 0
    while (at - backslashes > start && text[at - backslashes - 1] === '\\') backslashes++
    if (escaped ? backslashes === 1 : backslashes % 2 === 0) return at - (escaped ? 1 : 0)
    at = text.indexOf(quote, at + 1)
  }
  return text.length
}
