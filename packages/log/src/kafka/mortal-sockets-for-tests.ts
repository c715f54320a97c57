import { connect, type Socket } from 'node:net'
import type { ISocketFactory } from 'kafkajs'
import { KafkaJSNonRetriableError } from './kafkajs-door.ts'

/** Sockets of one process to be: `kill` does to them what the kernel does when the process is killed. */
export function mortalSockets(): { readonly factory: ISocketFactory; kill(): void } {
  const sockets = new Set<Socket>()
  let isDead = false
  return {
    factory: ({ host, port, onConnect }) => {
      // Nobody tries again in a process that is dead.
      if (isDead) throw new KafkaJSNonRetriableError('this process is dead')
      const socket = connect({ host, port }, onConnect)
      sockets.add(socket)
      return socket
    },
    kill() {
      isDead = true
      // With an error: kafkajs does not hear of a socket that this end closes without one.
      for (const socket of sockets) socket.destroy(new Error('this process was killed'))
    },
  }
}
