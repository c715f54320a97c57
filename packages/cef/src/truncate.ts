/** Ends every value that was cut, where there is room for it. Has nothing that any format escapes. */
export const truncationMarker = '…[truncated]'
const markerBytes = Buffer.byteLength(truncationMarker)

/** The bytes one code point becomes, given those of its UTF-8 form. */
export type EncodedBytes = (codePoint: number, utf8Bytes: number) => number

function utf8Bytes(codePoint: number): number {
  if (codePoint < 0x80) return 1
  if (codePoint < 0x800) return 2
  return codePoint < 0x10000 ? 3 : 4
}

/**
 * The longest beginning of `text` that takes at most `maxBytes`, cut between code points and never inside what becomes an
 * escape. A cut text ends with the marker unless the marker alone would fill more than a third of the room.
 * The text is returned as it is when it fits.
 */
export function truncate(
  text: string,
  maxBytes: number,
  encodedBytes: EncodedBytes = (_, bytes) => bytes,
): string {
  const markerFits = markerBytes * 3 <= maxBytes
  const room = markerFits ? maxBytes - markerBytes : maxBytes
  let used = 0
  let end = 0
  let roomEnd = 0
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0
    used += encodedBytes(codePoint, utf8Bytes(codePoint))
    if (used > maxBytes) {
      const kept = text.slice(0, roomEnd).trimEnd()
      return markerFits ? kept + truncationMarker : kept
    }
    end += character.length
    if (used <= room) roomEnd = end
  }
  return text
}
