/**
 * CRC-64-AVRO, the Rabin fingerprint of the Avro specification 1.12 ("Schema Fingerprints"), of a schema's parsing
 * canonical form. Eight bytes, little-endian, as the single-object encoding wants them.
 */
const EMPTY = 0xc15d213aa4d7a795n

const table: readonly bigint[] = Array.from({ length: 256 }, (_, i) => {
  let fingerprint = BigInt(i)
  for (let bit = 0; bit < 8; bit++) fingerprint = (fingerprint >> 1n) ^ (EMPTY & -(fingerprint & 1n))
  return BigInt.asUintN(64, fingerprint)
})

export function rabin(text: string): Uint8Array {
  let fingerprint = EMPTY
  for (const byte of Buffer.from(text, 'utf8'))
    fingerprint = (fingerprint >> 8n) ^ (table[Number((fingerprint ^ BigInt(byte)) & 0xffn)] ?? 0n)
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, fingerprint))
  return bytes
}
