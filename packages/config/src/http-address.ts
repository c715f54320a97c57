import { isIP } from 'node:net'
import { Complaint } from './complaint.ts'

export interface HttpAddress {
  /** Without brackets. */
  readonly host: string
  /** 0: the operating system chooses a free one. */
  readonly port: number
}

/** `127.0.0.1:9470`, `[::1]:9470`, `localhost:0`. */
export function parseHttpAddress(text: string): HttpAddress | Complaint {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+)):([0-9]{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  const hostIsGood = match?.[1] === undefined || isIP(match[1]) === 6
  if (host === undefined || !hostIsGood || port > 65_535) {
    return new Complaint(
      'must be host:port with a port from 0 to 65535 (0 takes a free one)',
      text.startsWith(':') ? `127.0.0.1${text}` : '127.0.0.1:9470',
    )
  }
  return { host, port }
}
