/**
 * A scanner over JSON *text* that JSON.parse has already accepted. It finds where things stand and never re-prints
 * them, so integers beyond 2^53, duplicate keys, escapes and white space stay byte for byte as they were received.
 * Given text that is not JSON its answers mean nothing, but every loop ends.
 */

const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Half-open range of UTF-16 code units in a text. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Index of the first character at or after `at` that is no JSON white space. */
export function skipSpace(text: string, at: number): number {
  // Cloud Controller writes none: worth a branch of its own.
  return text.charCodeAt(at) > 0x20 ? at : skipSomeSpace(text, at)
}

function skipSomeSpace(text: string, at: number): number {
  let i = at
  for (;;) {
    const code = text.charCodeAt(i)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return i
    i++
  }
}

/** Index after the closing quote of the string that opens at `at`. */
export function stringEnd(text: string, at: number): number {
  // Most strings are short and without escapes: faster than a call of indexOf.
  const near = Math.min(at + 48, text.length)
  let i = at + 1
  while (i < near) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) return i + 1
    if (code === BACKSLASH) i++
    i++
  }
  return farStringEnd(text, i)
}

function farStringEnd(text: string, from: number): number {
  let close = text.indexOf('"', from)
  while (close !== -1) {
    let back = close - 1
    while (back >= from && text.charCodeAt(back) === BACKSLASH) back--
    // An even number of backslashes escape each other, not the quote.
    if ((close - back) % 2 === 1) return close + 1
    close = text.indexOf('"', close + 1)
  }
  return text.length
}

/** Index after the value that begins at `at` (no white space before it). Needs no stack, however deep the nesting. */
export function valueEnd(text: string, at: number): number {
  const first = text.charCodeAt(at)
  if (first === QUOTE) return stringEnd(text, at)
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return primitiveEnd(text, at)
  let depth = 1
  let i = at + 1
  while (i < text.length) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) {
      i = stringEnd(text, i)
      continue
    }
    i++
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth--
      if (depth === 0) return i
    }
  }
  return text.length
}

function primitiveEnd(text: string, at: number): number {
  let i = at
  while (i < text.length) {
    const code = text.charCodeAt(i)
    if (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code <= 0x20) return i
    i++
  }
  return i
}

/** The decoded text of the string whose source, quotes included, is `text[start, end)`. */
export function decodeString(text: string, start: number, end: number): string {
  const inner = text.slice(start + 1, end - 1)
  return inner.includes('\\') ? String(JSON.parse(text.slice(start, end))) : inner
}

/**
 * Walks the members of the object at `at`. `member` is told where a key (quotes included) and its value stand and
 * answers where the value ends. Returns the index after the object.
 */
export function walkMembers(
  text: string,
  at: number,
  member: (keyStart: number, keyEnd: number, valueStart: number) => number,
): number {
  let i = skipSpace(text, at + 1)
  while (text.charCodeAt(i) === QUOTE) {
    const keyEnd = stringEnd(text, i)
    i = skipSpace(text, member(i, keyEnd, skipSpace(text, skipSpace(text, keyEnd) + 1)))
    if (text.charCodeAt(i) !== COMMA) break
    i = skipSpace(text, i + 1)
  }
  return i + 1
}

/** Walks the elements of the array at `at`; `element` answers where each ends. Returns the index after the array. */
export function walkElements(text: string, at: number, element: (start: number) => number): number {
  let i = skipSpace(text, at + 1)
  while (i < text.length && text.charCodeAt(i) !== CLOSE_BRACKET) {
    i = skipSpace(text, element(i))
    if (text.charCodeAt(i) !== COMMA) break
    i = skipSpace(text, i + 1)
  }
  return i + 1
}

/** Where the value of the member `name` of the object at `at` stands. The last of duplicates, as JSON.parse takes it. */
export function memberSpan(text: string, at: number, name: string): Span | null {
  if (!isObjectAt(text, at)) return null
  let found: Span | null = null
  walkMembers(text, at, (keyStart, keyEnd, start) => {
    const end = valueEnd(text, start)
    if (keyIs(text, keyStart, keyEnd, name)) found = { start, end }
    return end
  })
  return found
}

export function isObjectAt(text: string, at: number): boolean {
  return text.charCodeAt(at) === OPEN_BRACE
}

/** Whether the key whose source is `text[start, end)` is `name`, written with escapes or without. */
export function keyIs(text: string, start: number, end: number, name: string): boolean {
  const length = end - start - 2
  if (length === name.length && text.startsWith(name, start + 1)) return true
  // An escape is longer than what it stands for.
  if (length <= name.length) return false
  for (let i = start + 1; i < end; i++)
    if (text.charCodeAt(i) === BACKSLASH) return decodeString(text, start, end) === name
  return false
}

/** Tells, per member, how the values under it are to be looked at; `parent` is what it said of the object around it. */
export type Classify<Mode> = (key: string, parent: Mode) => Mode

/** A leaf (string, number, true, false, null) met by `walkLeaves`. */
export interface LeafVisitor<Mode> {
  /** `pointer()` builds the RFC 6901 pointer of the leaf; it costs, so call it only when it is needed. */
  leaf(start: number, end: number, mode: Mode, pointer: () => string): void
}

/**
 * Visits every leaf of the value in `text` in order. The stack is its own, so nesting as deep as memory allows is safe.
 * An element of an array has the mode of the array.
 */
export function walkLeaves<Mode>(
  text: string,
  root: Mode,
  classify: Classify<Mode>,
  visitor: LeafVisitor<Mode>,
): void {
  // Per open container: its mode, and where its current key begins, or for an array -1 - index.
  const modes: Mode[] = []
  const places: number[] = []
  const pointer = () => pointerOf(text, places)
  let mode = root
  let i = skipSpace(text, 0)
  while (i < text.length) {
    const code = text.charCodeAt(i)
    if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      modes.push(mode)
      places.push(code === OPEN_BRACE ? i : -1)
      i = skipSpace(text, i + 1)
      const next = text.charCodeAt(i)
      if (next !== CLOSE_BRACE && next !== CLOSE_BRACKET) {
        if (code === OPEN_BRACE) {
          places[places.length - 1] = i
          const end = stringEnd(text, i)
          mode = classify(decodeString(text, i, end), mode)
          i = skipSpace(text, skipSpace(text, end) + 1)
        }
        continue
      }
    } else if (code !== CLOSE_BRACE && code !== CLOSE_BRACKET) {
      const end = code === QUOTE ? stringEnd(text, i) : primitiveEnd(text, i)
      if (end === i) return
      visitor.leaf(i, end, mode, pointer)
      i = skipSpace(text, end)
    }
    // After a value: close what closes, then go to the next member or element.
    while (i < text.length) {
      const after = text.charCodeAt(i)
      if (after !== CLOSE_BRACE && after !== CLOSE_BRACKET) break
      modes.pop()
      places.pop()
      i = skipSpace(text, i + 1)
    }
    if (text.charCodeAt(i) !== COMMA || modes.length === 0) return
    const top = places.length - 1
    const place = places[top] ?? 0
    mode = modes[top] as Mode
    i = skipSpace(text, i + 1)
    if (place < 0) places[top] = place - 1
    else {
      places[top] = i
      const end = stringEnd(text, i)
      mode = classify(decodeString(text, i, end), mode)
      i = skipSpace(text, skipSpace(text, end) + 1)
    }
  }
}

function pointerOf(text: string, places: readonly number[]): string {
  let pointer = ''
  for (const place of places) {
    const token = place < 0 ? String(-1 - place) : decodeString(text, place, stringEnd(text, place))
    pointer += `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`
  }
  // A key may hold half a surrogate pair; a pointer is text for people and for Avro.
  return pointer.toWellFormed()
}

/** Put `text` in place of `[start, end)`. */
export interface Edit extends Span {
  readonly text: string
}

/** Applies edits that are sorted and do not overlap. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = ''
  let done = 0
  for (const edit of edits) {
    result += text.slice(done, edit.start) + edit.text
    done = edit.end
  }
  return result + text.slice(done)
}

/**
 * Translates edits of a decoded string into edits of its source `text[start, end)`, so that every escape outside them
 * stays as written. The edits are sorted and do not overlap.
 */
export function editsInSource(text: string, start: number, end: number, edits: readonly Edit[]): Edit[] {
  const result: Edit[] = []
  let source = start + 1
  let decoded = 0
  const seek = (target: number): number => {
    while (decoded < target && source < end - 1) {
      if (text.charCodeAt(source) !== BACKSLASH) source++
      else source += text.charCodeAt(source + 1) === 0x75 ? 6 : 2
      decoded++
    }
    return source
  }
  for (const edit of edits) {
    const from = seek(edit.start)
    result.push({ start: from, end: seek(edit.end), text: JSON.stringify(edit.text).slice(1, -1) })
  }
  return result
}
