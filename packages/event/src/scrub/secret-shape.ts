import { isPlaceholder } from './fingerprint.ts'

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi

const HARMLESS: readonly RegExp[] = [
  // e-mail address
  /^[\w.+'-]+@[a-z0-9.-]+\.[a-z]{2,}$/i,
  // commit of git
  /^[0-9a-f]{40}$/,
  // digest that says it is one
  /^(?:[\w./-]+@)?sha\d{1,3}:[0-9a-f]+$/,
  // qualified name of a class
  /^[a-z][a-z0-9]*(?:\.[a-z][a-z0-9]*)+(?:\.[A-Z][A-Za-z0-9]*)?$/,
]

/**
 * True when an unbroken run of characters looks like a secret by its shape alone:
 * 16 or more that mix upper case and lower case with a digit or a sign, or 20 or more in which one part of 12 or more
 * changes three times or oftener between letters and digits. Names of one case (`team-payments-eu1`), UUIDs, e-mail
 * addresses, commits and words of any other script are none.
 */
export function looksLikeSecret(run: string): boolean {
  if (run.length < 16 || isPlaceholder(run)) return false
  if (run.length <= 256 && HARMLESS.some(harmless => harmless.test(run))) return false
  const classes = classesOf(run)
  if (classes === null) return false
  if (classes.upper && classes.lower && (classes.digit || classes.sign))
    return run.length > 1024 || run.replace(UUID, '').length >= 16
  return run.length >= 20 && classes.digit && hasRandomPart(run.length > 1024 ? run : run.replace(UUID, ''))
}

/** For text in which long mixed names are ordinary: all of upper case, lower case and digit, 20 or more, no path. */
export function looksLikeSecretInProse(run: string): boolean {
  if (run.length < 20 || !/^[A-Za-z0-9_+/=~-]+$/.test(run) || run.split('/').length > 2) return false
  const classes = classesOf(run.replace(UUID, ''))
  return classes?.upper === true && classes.lower && classes.digit && looksLikeSecret(run)
}

const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/
const PLAIN_WORD = /^(?:\p{L}+\d{0,4}|\d+\p{L}{0,3})$/u

/**
 * True for what is plainly none: up to 64 characters (UUIDs not counted) of words with at most a number after them
 * (`cflinuxfs4`), joined by signs of names and paths; numbers with a unit; times, UUIDs, and what HARMLESS lists.
 */
export function isPlainRun(run: string): boolean {
  if (run.length > 256) return false
  const name = run.replace(/(?:[.:?]|(?<=\p{L})!)$/u, '')
  if (TIME.test(name) || HARMLESS.some(harmless => harmless.test(name))) return true
  const rest = name.replace(UUID, '')
  return rest.length <= 64 && rest.split(/[-_.:/@+~#*]+/).every(word => word === '' || PLAIN_WORD.test(word))
}

interface Classes {
  readonly upper: boolean
  readonly lower: boolean
  readonly digit: boolean
  readonly sign: boolean
}

/** Null when a character is not printable ASCII. */
function classesOf(run: string): Classes | null {
  let upper = false
  let lower = false
  let digit = false
  let sign = false
  for (let i = 0; i < run.length; i++) {
    const code = run.charCodeAt(i)
    if (code >= 0x61 && code <= 0x7a) lower = true
    else if (code >= 0x41 && code <= 0x5a) upper = true
    else if (code >= 0x30 && code <= 0x39) digit = true
    else if (code > 0x20 && code < 0x7f) sign = true
    else return null
  }
  return { upper, lower, digit, sign }
}

function hasRandomPart(run: string): boolean {
  return run.split(/[^A-Za-z0-9]+/).some(part => part.length >= 12 && changes(part) >= 3)
}

function changes(part: string): number {
  let count = 0
  for (let i = 1; i < part.length; i++) if (isDigit(part, i) !== isDigit(part, i - 1)) count++
  return count
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 0x30 && code <= 0x39
}
