const escapes: Readonly<Record<string, string>> = {
  '&': '\\u0026',
  '<': '\\u003c',
  '>': '\\u003e',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

/** JSON text as Rails writes it: no blanks, and `&`, `<`, `>`, U+2028, U+2029 as escapes. */
export function railsJson(value: unknown): string {
  return JSON.stringify(value).replace(/[&<>\u2028\u2029]/g, character => escapes[character] ?? character)
}
