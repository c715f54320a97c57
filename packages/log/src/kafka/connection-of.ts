import { followingTls } from './following-tls.ts'
import type { KafkaOptions } from './kafka-options.ts'

/** How each connection is made and logs in, as kafkajs takes it. */
export function connectionOf({ ssl, sasl, socketFactory }: KafkaOptions) {
  const follows = typeof ssl === 'function'
  const factory = socketFactory ?? (follows ? followingTls(ssl) : undefined)
  return {
    ...(ssl === undefined ? {} : { ssl: follows ? true : ssl }),
    ...(sasl === undefined ? {} : { sasl }),
    ...(factory === undefined ? {} : { socketFactory: factory }),
  }
}
