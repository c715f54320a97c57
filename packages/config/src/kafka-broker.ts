import { isIP } from 'node:net'
import { Complaint } from './complaint.ts'

export const brokerPattern = '^[A-Za-z0-9][A-Za-z0-9._-]*:[0-9]{1,5}$'

const example = 'kafka-1.example.com:9092'
const form = 'a broker is host:port'

/** `kafka-1.example.com:9092`. No complaint repeats the text, or starts so that it is shown: a secret may stand there. */
export function parseBroker(text: string): string | Complaint {
  const wrong = wrongIn(text)
  return wrong === undefined ? text : new Complaint(wrong, example)
}

function wrongIn(text: string): string | undefined {
  if (text.includes('@')) return 'must not carry a user or password: they stand under sasl'
  // kafkajs cuts an address at its first colon.
  const address = /^\[(.+)\](?::[0-9]+)?$/.exec(text)?.[1] ?? text
  if (isIP(address) === 6) return 'is an IPv6 address, which the Kafka client cannot take: use a name'
  if (/\s/.test(text)) return `has a space in it; ${form}`
  if (text.includes('//')) return `has a scheme or a path; ${form}`
  if (text.includes(',')) return `holds several with commas between them; ${form}`
  const [host = '', port, ...rest] = text.split(':')
  if (port === undefined) return `has no port; ${form}`
  if (rest.length > 0) return `has more than one colon; ${form}`
  if (!(/^[0-9]{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535))
    return `has a port that is no number from 1 to 65535; ${form}`
  return new RegExp(brokerPattern).test(text)
    ? undefined
    : `${host === '' ? 'has no host' : 'has characters that no host has'}; ${form}`
}

export function brokerHost(broker: string): string {
  return broker.slice(0, broker.lastIndexOf(':'))
}
