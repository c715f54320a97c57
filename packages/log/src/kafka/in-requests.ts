import type { Message } from 'kafkajs'

/** What headers and framing of a record add to its value, generously. */
const overheadBytes = 256

/** What one produce request holds. */
export interface ProduceRequest {
  readonly messages: readonly Message[]
  /** Before compression. */
  readonly bytes: number
}

/** Messages, made when their turn comes, in portions that fit into one produce request each. */
export function* inRequests(
  make: readonly (() => Message)[],
  requestBytesMax: number,
): Generator<ProduceRequest> {
  let messages: Message[] = []
  let bytes = 0
  for (const makeOne of make) {
    const message = makeOne()
    const size = (message.value?.length ?? 0) + overheadBytes
    if (messages.length > 0 && bytes + size > requestBytesMax) {
      yield { messages, bytes }
      messages = []
      bytes = 0
    }
    messages.push(message)
    bytes += size
  }
  if (messages.length > 0) yield { messages, bytes }
}
