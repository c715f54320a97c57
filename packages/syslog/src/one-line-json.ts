const control = /[\u0000-\u001f]/
const controls = /[\u0000-\u001f]/g

/**
 * JSON text on one line. In JSON a raw control character is only legal as white space between tokens (RFC 8259 §2, §7), so
 * a space in its place changes no token.
 */
export function oneLineJson(text: string): string {
  return control.test(text) ? text.replace(controls, ' ') : text
}
