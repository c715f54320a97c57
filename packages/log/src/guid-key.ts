/**
 * The short form of a guid, in the unique index and in memory. A UUID in its one canonical spelling (lower case, dashes)
 * becomes its 16 bytes; anything else stays the text it is. The two never meet: only one text gives any 16 bytes, and
 * SQLite holds a BLOB and a TEXT to be different.
 */
export type GuidKey = Uint8Array | string

const length = 36
const notHex = 255
const hex = new Uint8Array(128).fill(notHex)
const bytes = new Uint8Array(16)
for (const [value, digit] of [...'0123456789abcdef'].entries()) hex[digit.charCodeAt(0)] = value

/** The bytes are good until the next call: whoever keeps them copies them. */
export function guidKey(guid: string): GuidKey {
  if (guid.length !== length) return guid
  let at = 0
  for (let i = 0; i < length; i++) {
    const char = guid.charCodeAt(i)
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (char !== 0x2d) return guid
      continue
    }
    const high = hex[char] ?? notHex
    const low = hex[guid.charCodeAt(++i)] ?? notHex
    if (high === notHex || low === notHex) return guid
    bytes[at++] = (high << 4) | low
  }
  return bytes
}
