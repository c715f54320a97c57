/**
 * ```
 * octet-counting  MSG-LEN SP SYSLOG-MSG      RFC 6587 §3.4.1, RFC 5425 §4.3; nothing between two frames
 * lf              SYSLOG-MSG LF              RFC 6587 §3.4.2; a message holds no LF
 * ```
 */
export type Framing = 'octet-counting' | 'lf'

/** Room one frame can take at most. */
export function maxFrameBytes(message: string): number {
  return message.length * 3 + 16
}

/** Writes one frame at `offset`, where `maxFrameBytes` are free, and returns the offset behind it. */
export function writeFrame(framing: Framing, message: string, buffer: Buffer, offset: number): number {
  return framing === 'lf' ? writeLine(message, buffer, offset) : writeCounted(message, buffer, offset)
}

function writeLine(message: string, buffer: Buffer, offset: number): number {
  const end = offset + buffer.write(message, offset, 'utf8')
  buffer[end] = 0x0a
  return end + 1
}

/** The length is known only once the message is bytes: room for as many digits as it will likely have, moved if not. */
function writeCounted(message: string, buffer: Buffer, offset: number): number {
  const guess = digits(message.length)
  const bytes = buffer.write(message, offset + guess + 1, 'utf8')
  const count = digits(bytes)
  if (count !== guess) buffer.copyWithin(offset + count + 1, offset + guess + 1, offset + guess + 1 + bytes)
  let rest = bytes
  for (let at = offset + count - 1; at >= offset; at--) {
    buffer[at] = 0x30 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
  buffer[offset + count] = 0x20
  return offset + count + 1 + bytes
}

function digits(value: number): number {
  let count = 1
  for (let power = 10; value >= power; power *= 10) count++
  return count
}
