import type { Message } from 'kafkajs'
import type { DeadLetter, LogEntry } from '../ports.ts'
import { typesOf } from './kafka-error.ts'

const tooLarge = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])

export function isTooLarge(error: unknown): boolean {
  return typesOf(error).some(type => tooLarge.has(type))
}

/**
 * What the brokers turned out to take, for the writers of one foundation. A topic's limit counts what is left after
 * compression, so it is learned from refusals: the next attempt sends smaller requests, or puts what is too large by
 * itself into the dead-letter store, whole, where the log goes on without it.
 */
export class SizeLimits {
  /** Of one produce request, before compression. */
  requestBytesMax: number
  readonly #guids = new Set<string>()

  constructor(requestBytesMax: number) {
    this.requestBytesMax = requestBytesMax
  }

  /** To be told of every refusal, with what was sent. Returns the guid of an event that is too large by itself. */
  learn(error: unknown, messages: readonly Message[], bytes: number): string | null {
    if (!isTooLarge(error)) return null
    const [only, ...others] = messages
    if (only === undefined || others.length > 0) {
      this.requestBytesMax = Math.ceil(Math.min(bytes, this.requestBytesMax) / 2)
      return null
    }
    const guid = String(only.key)
    this.#guids.add(guid)
    return guid
  }

  /** What fits, and dead letters for the rest. */
  apply(
    foundation: string,
    entries: readonly LogEntry[],
  ): { readonly fitting: readonly LogEntry[]; readonly letters: readonly DeadLetter[] } {
    if (this.#guids.size === 0) return { fitting: entries, letters: [] }
    const { fits = [], tooLarge: large = [] } = Object.groupBy(entries, ({ guid }) =>
      this.#guids.has(guid) ? 'tooLarge' : 'fits',
    )
    return { fitting: fits, letters: large.map(entry => letterOf(foundation, entry)) }
  }
}

function letterOf(foundation: string, { guid, bytes, receivedAtMs }: LogEntry): DeadLetter {
  return {
    foundation,
    origin: 'poller',
    key: guid,
    reason: `the event has ${bytes.length} bytes, more than its topic takes even compressed: raise max.message.bytes of the topic`,
    raw: bytes,
    atMs: receivedAtMs,
  }
}
