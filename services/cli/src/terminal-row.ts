const ellipsis = '…'

/** From the stamp to the type of the event, which is what one looks for: host, ids, structured data, CEF's first fields. */
const beforeType = /^(<\d{1,3}>1 \S+) .*? CEF:0\|[^|]*\|[^|]*\|[^|]*\|/s

/**
 * A syslog message with CEF as one row of a terminal; an ellipsis stands where something was left out.
 *
 *     <110>1 2026-11-01T06:10:58+00:00 … audit.app.map-route|Mapped a route to app|3|rt=17935…
 *
 * One that fits is left whole.
 */
export function terminalRow(message: string, columns: number): string {
  const row = message.replace(/\p{Cc}+/gu, ' ').trimEnd()
  if (widthOf(row) <= columns) return row
  return cut(row.replace(beforeType, `$1 ${ellipsis} `), columns)
}

function cut(row: string, columns: number): string {
  if (widthOf(row) <= columns) return row
  let [kept, width] = ['', 0]
  for (const character of characters(row)) {
    width += widthOf(character)
    if (width > columns - 1) break
    kept += character
  }
  return kept + ellipsis
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
const wide =
  /\p{Emoji_Presentation}|\uFE0F|[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\u3000-\u303F\uFF01-\uFF60\uFFE0-\uFFE6]/u
const invisible = /^[\p{M}\p{Cf}]+$/u

function* characters(text: string): Generator<string> {
  for (const { segment } of segmenter.segment(text)) yield segment
}

/** In columns, as terminals count: wide characters take two. */
function widthOf(text: string): number {
  let width = 0
  for (const character of characters(text))
    width += invisible.test(character) ? 0 : wide.test(character) ? 2 : 1
  return width
}
