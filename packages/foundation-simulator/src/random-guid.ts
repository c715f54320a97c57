import type { Random } from '@cf-audit-drain/pipeline'

const digits = Buffer.from('0123456789abcdef')
const guid = Buffer.from('00000000-0000-4000-8000-000000000000')
const places = [...guid.keys()].filter(at => ![8, 13, 14, 18, 23].includes(at))

/** A UUID of version 4 from the given randomness, as a flat string: a million of them must fit in memory. */
export function randomGuid(random: Random): string {
  let bits = 0
  for (const [count, at] of places.entries()) {
    if (count % 7 === 0) bits = Math.floor(random() * 2 ** 28)
    const nibble = bits & 15
    bits >>= 4
    guid[at] = digits[at === 19 ? 8 + (nibble & 3) : nibble] ?? 0x30
  }
  return guid.toString('latin1')
}
