import { isIP } from 'node:net'
import { Complaint } from './complaint.ts'

export const brokerPattern = '^[A-Za-z0-9][A-Za-z0-9._-]*:[0-9]{1,5}$'

const example = 'kafka-1.example.com:9092'

/** `kafka-1.example.com:9092`. No complaint repeats the text: one line of brokers may come from a variable. */
export function parseBroker(text: string): string | Complaint {
  if (text.includes('@')) {
    return new Complaint('must not carry a user or password: they stand under sasl', example)
  }
  // kafkajs cuts an address at its first colon.
  const address = /^\[(.+)\](?::[0-9]+)?$/.exec(text)?.[1] ?? text
  if (isIP(address) === 6) {
    return new Complaint('is an IPv6 address, which the Kafka client cannot take: use a name', example)
  }
  const port = Number(text.slice(text.indexOf(':') + 1))
  return new RegExp(brokerPattern).test(text) && port >= 1 && port <= 65_535
    ? text
    : new Complaint('must be host:port with a port from 1 to 65535, without scheme and spaces', example)
}

export function brokerHost(broker: string): string {
  return broker.slice(0, broker.lastIndexOf(':'))
}
