import { readFile } from 'node:fs/promises'

/**
 * Bytes a TCP connection has sent, or still has to send, that the receiver's kernel has not acknowledged: `tx_queue` of
 * /proc/net/tcp (Linux, Documentation/networking/proc_net_tcp.rst). Null where that cannot be known. Takes milliseconds.
 */
export async function unacknowledgedBytes(
  family: 'IPv4' | 'IPv6',
  localPort: number,
  remotePort: number,
): Promise<number | null> {
  const table = family === 'IPv6' ? '/proc/self/net/tcp6' : '/proc/self/net/tcp'
  return transmitQueue(await readFile(table, 'latin1').catch(() => ''), localPort, remotePort)
}

/**
 * ```
 *   sl  local_address rem_address   st tx_queue:rx_queue …          all in hex; st 01 is ESTABLISHED
 *    0: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 …
 * ```
 * Two connections may share both ports when they go to different hosts: the larger queue counts.
 */
export function transmitQueue(table: string, localPort: number, remotePort: number): number | null {
  const port = (value: number) => value.toString(16).toUpperCase().padStart(4, '0')
  const line = new RegExp(`:${port(localPort)} [0-9A-F]+:${port(remotePort)} 0[1-9A-F] ([0-9A-F]{8}):`, 'g')
  let most: number | null = null
  for (const [, queue = '0'] of table.matchAll(line)) most = Math.max(most ?? 0, Number.parseInt(queue, 16))
  return most
}
