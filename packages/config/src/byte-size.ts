import { Complaint } from './complaint.ts'

const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
}

export const byteSizePattern = '^[0-9]+(B|KiB|MiB|GiB|TiB)?$'

/** `8000`, `8KiB`, `10GiB` → bytes. Limits are inclusive. */
export function parseByteSize(
  value: unknown,
  limits: { readonly min: string; readonly max: string; readonly example: string },
): number | Complaint {
  const bytes = sizeBytes(value)
  if (bytes === undefined || bytes < (sizeBytes(limits.min) ?? 0) || bytes > (sizeBytes(limits.max) ?? 0)) {
    return new Complaint(
      `must be a size from ${limits.min} to ${limits.max} (a whole number of bytes, or with KiB, MiB, GiB or TiB)`,
      limits.example,
    )
  }
  return bytes
}

function sizeBytes(value: unknown): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const match = /^([0-9]{1,12})(B|KiB|MiB|GiB|TiB|)$/.exec(String(value))
  const factor = unitBytes[match?.[2] ?? '-']
  return factor === undefined ? undefined : Number(match?.[1]) * factor
}
