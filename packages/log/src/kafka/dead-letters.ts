import type { Message } from 'kafkajs'
import type { DeadLetter } from '../ports.ts'
import type { KafkaRecord } from './partition-reader.ts'

/** Key: foundation, origin and key, so that the same letter is recognised; value: JSON, `raw` in base64. */
export function deadLetterMessage({ raw, ...letter }: DeadLetter): Message {
  return {
    key: identityOf(letter),
    value: JSON.stringify({ ...letter, raw: Buffer.from(raw).toString('base64') }),
    partition: 0,
    timestamp: String(letter.atMs),
  }
}

export function identityOf({
  foundation,
  origin,
  key,
}: Pick<DeadLetter, 'foundation' | 'origin' | 'key'>): string {
  return JSON.stringify([foundation, origin, key])
}

/** Null for a record that is no letter of ours. */
export function toDeadLetter({ value }: Pick<KafkaRecord, 'value'>): DeadLetter | null {
  try {
    const { raw, ...letter } = JSON.parse(value?.toString() ?? 'null')
    return { ...letter, raw: Buffer.from(raw, 'base64') }
  } catch {
    return null
  }
}
