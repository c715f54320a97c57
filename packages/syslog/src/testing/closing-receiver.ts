import { createServer } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

/**
 * Closes each connection before it has read a byte, and counts them where the other thread sees it without waiting: a
 * receiver that acts while the sender is busy.
 */
const closed: Int32Array = workerData

const server = createServer(socket => {
  socket.destroy()
  Atomics.add(closed, 0, 1)
})
server.listen(0, '127.0.0.1', () => parentPort?.postMessage(server.address()))
