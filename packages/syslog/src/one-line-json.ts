const lineEnd = /[\u0000-\u001f\u0085\u2028\u2029]/
const controls = /[\u0000-\u001f]/g
const lineEndsInStrings = /[\u0085\u2028\u2029]/g

/**
 * JSON text on one line. In JSON a raw control character is only legal as white space between tokens (RFC 8259 §2, §7), so
 * a space in its place changes no token. NEL and the separators U+2028 and U+2029, at which some receivers break lines, are
 * only legal inside strings, where the escape is the same value. An escape is 6 bytes long: measure what comes out.
 */
export function oneLineJson(text: string): string {
  if (!lineEnd.test(text)) return text
  return text
    .replace(controls, ' ')
    .replace(lineEndsInStrings, end => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
