const unsafeInValue = /[\u0000-\u001f\u007f-\u009f\\=\u2028\u2029]/
const lineBreak = /\r\n?/g
/** C0 but LF, DEL, C1 (NEL breaks a line for some), the Unicode line and paragraph separators. */
const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/g
const escaped = /[\\=\n]/g
const unsafeInHeader = /[^\u0020-\u007b\u007d\u007e]|\\/
const headerSeparator = /[|\\]/g
const notPrintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g
const notAscii = /[^\u0020-\u007e]/gu

/** Whether a trimmed value is its own escaped form. */
export function isPlainValue(value: string): boolean {
  return !unsafeInValue.test(value)
}

/** What of a value can travel at all: line ends as LF, other controls as spaces. */
export function cleanValue(value: string, avoidEquals: boolean): string {
  const clean = value.replace(lineBreak, '\n').replace(control, ' ')
  return avoidEquals ? clean.replaceAll('=', ': ') : clean
}

/** One pass over a cleaned value: `\` → `\\`, `=` → `\=`, LF → `\n`. A pipe stays as it is. */
export function escapeValue(clean: string): string {
  return clean.replace(escaped, c => (c === '\n' ? '\\n' : `\\${c}`))
}

/** Bytes that `escapeValue` makes of one code point of `bytes` UTF-8 bytes. */
export function escapedBytes(codePoint: number, bytes: number): number {
  return codePoint === 0x5c || codePoint === 0x3d || codePoint === 0x0a ? 2 : bytes
}

/**
 * A header field that needs no escape and so cannot be un-escaped wrongly: `|` and `\` become `/`, controls a space, and
 * what is not ASCII a `?`.
 */
export function headerText(value: string, maxBytes: number): string {
  const safe = unsafeInHeader.test(value)
    ? value.replace(headerSeparator, '/').replace(notPrintable, ' ').replace(notAscii, '?')
    : value
  return safe.trim().slice(0, maxBytes).trimEnd()
}
