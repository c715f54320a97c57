import { Complaint } from './complaint.ts'

/** Begins names of topics, which hold these characters only, and at most 249 of them. */
export const kafkaPrefixPattern = '^[A-Za-z0-9._-]{1,60}$'

export function parseKafkaPrefix(text: string): string | Complaint {
  return new RegExp(kafkaPrefixPattern).test(text)
    ? text
    : new Complaint('must be 1 to 60 letters, digits, dots, underscores and hyphens', 'cf-audit')
}
