import { createServer } from 'node:net'
import { systemClock } from '@cf-audit-drain/pipeline'

/**
 * A syslog receiver that does nothing but count octet-counted frames (RFC 6587), in a process of its own. It tells its
 * parent its port, and after every chunk that ended a frame how many frames there are and when (milliseconds since the
 * epoch) the first and the last came.
 */
let frames = 0
let firstMs = 0
let told = 0

const server = createServer({ allowHalfOpen: true }, socket => {
  let left = 0
  let length = 0
  socket.on('error', () => undefined)
  socket.on('data', chunk => {
    for (let at = 0; at < chunk.length; ) {
      if (left > 0) {
        const taken = Math.min(left, chunk.length - at)
        left -= taken
        at += taken
        if (left === 0) frames++
        continue
      }
      const byte = chunk[at++] as number
      if (byte === 0x20) {
        left = length
        length = 0
      } else length = length * 10 + byte - 0x30
    }
    if (frames === told) return
    told = frames
    const nowMs = systemClock.now()
    if (firstMs === 0) firstMs = nowMs
    process.send?.({ frames, firstMs, lastMs: nowMs })
  })
  socket.on('end', () => socket.end())
})

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address && typeof address === 'object') process.send?.({ port: address.port })
})
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
