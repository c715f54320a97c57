/**
 * One line of CSV (RFC 4180), without its end. A text that a spreadsheet would take for a formula gets an apostrophe
 * before it, so that it is shown and not calculated.
 */
export function csvRow(cells: readonly (string | number | null)[]): string {
  return cells.map(cell => (typeof cell === 'string' ? quoted(cell) : String(cell ?? ''))).join(',')
}

function quoted(text: string): string {
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
