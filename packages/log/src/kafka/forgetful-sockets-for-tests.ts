import type { ISocketFactory } from 'kafkajs'
import { mortalSockets } from './mortal-sockets-for-tests.ts'

/** https://kafka.apache.org/protocol: ListOffsets, and the timestamp that asks for the end. */
const listOffsets = 2
const latest = -1n

interface Forgotten {
  readonly end: bigint
  answers: number
}

/**
 * Sockets to a broker that was stopped and believes for a moment that it leads still: asked where a topic ends it says what
 * was true then. The other answers are its own. For one topic to a request, as the product asks.
 */
export function forgetfulSockets(): {
  readonly factory: ISocketFactory
  /** The next so many answers say that the topic ends there. */
  forget(topic: string, end: bigint, answers: number): void
  /** How often it was said so. */
  readonly told: number
} {
  const topics = new Map<string, Forgotten>()
  let told = 0
  const factory: ISocketFactory = options => {
    const socket = mortalSockets().factory(options)
    const falsified = new Map<number, Forgotten>()
    const write = socket.write.bind(socket)
    socket.write = (bytes: string | Uint8Array, ...rest: unknown[]): boolean => {
      if (Buffer.isBuffer(bytes) && bytes.readInt16BE(4) === listOffsets) {
        const forgotten = [...topics].find(([topic]) => bytes.includes(topic))?.[1]
        const asksForEnd = bytes.readBigInt64BE(bytes.length - 8) === latest
        if (forgotten !== undefined && asksForEnd && forgotten.answers > 0) {
          forgotten.answers--
          falsified.set(bytes.readInt32BE(8), forgotten)
        }
      }
      return Reflect.apply(write, socket, [bytes, ...rest])
    }
    let rest = Buffer.alloc(0)
    /** Whole answers, each with its size, INT32, and the id of its request, INT32; of this one the last INT64 is the offset. */
    const answersIn = (bytes: Buffer): Buffer => {
      rest = Buffer.concat([rest, bytes])
      let whole = 0
      for (; rest.length >= whole + 8; whole += 4 + rest.readInt32BE(whole)) {
        const end = whole + 4 + rest.readInt32BE(whole)
        if (rest.length < end) break
        const forgotten = falsified.get(rest.readInt32BE(whole + 4))
        if (forgotten === undefined) continue
        rest.writeBigInt64BE(forgotten.end, end - 8)
        told++
      }
      const answers = rest.subarray(0, whole)
      rest = rest.subarray(whole)
      return answers
    }
    const on = socket.on.bind(socket)
    const listen = (event: string, listener: (...args: unknown[]) => void) => {
      if (event !== 'data') return Reflect.apply(on, socket, [event, listener])
      return on('data', bytes => {
        const answers = answersIn(bytes as Buffer)
        if (answers.length > 0) listener(answers)
      })
    }
    socket.on = listen as typeof socket.on
    return socket
  }
  return {
    factory,
    forget: (topic, end, answers) => topics.set(topic, { end, answers }),
    get told() {
      return told
    },
  }
}
