import type { ISocketFactory } from 'kafkajs'
import { mortalSockets } from './mortal-sockets-for-tests.ts'

/** Of the requests the tests look for. Each begins with its size, INT32, and this, INT16. */
export const apiKey = {
  produce: 0,
  offsetCommit: 8,
  addPartitionsToTxn: 24,
  endTxn: 26,
  txnOffsetCommit: 28,
} as const

/** Gets a request before it is sent; `send` sends it, whenever it is called. */
type Watcher = (send: (sent?: () => void) => void, kill: () => void) => void

/** Sockets of one process, and somebody at its requests of one kind. */
export function watchedSockets(): {
  readonly factory: ISocketFactory
  kill(): void
  watch(key: number, watcher: Watcher): void
  unwatch(key: number): void
} {
  const mortal = mortalSockets()
  const watchers = new Map<number, Watcher>()
  return {
    kill: () => mortal.kill(),
    watch: (key, watcher) => watchers.set(key, watcher),
    unwatch: key => watchers.delete(key),
    factory: options => {
      const socket = mortal.factory(options)
      const write = socket.write.bind(socket)
      socket.write = (bytes: string | Uint8Array, ...rest: unknown[]): boolean => {
        const watcher = Buffer.isBuffer(bytes) ? watchers.get(bytes.readInt16BE(4)) : undefined
        if (watcher === undefined) return Reflect.apply(write, socket, [bytes, ...rest])
        watcher(
          sent => write(bytes, () => sent?.()),
          () => mortal.kill(),
        )
        return true
      }
      return socket
    },
  }
}
