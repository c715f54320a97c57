import { Complaint } from './complaint.ts'

/** Foundation and sink names become file, topic and label names later. */
export const namePattern = '^[a-z0-9][a-z0-9._-]{0,62}$'

export function parseName(text: string): string | Complaint {
  if (new RegExp(namePattern).test(text)) return text
  const nearest = text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63)
  return new Complaint(
    'must be 1 to 63 of a-z, 0-9, dot, underscore and hyphen, beginning with a letter or digit',
    nearest === '' ? 'eu1' : nearest,
  )
}
