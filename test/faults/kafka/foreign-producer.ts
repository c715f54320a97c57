import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { committedOf, kcat, kcatBytes, seenByKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { deadline } from '@cf-audit-drain/pipeline'

const longestMs = 120_000
/** Between two values, which hold any byte. */
const delimiter = '|end-of-value|'

/** Somebody else with a transaction of their own on the topic of events, open until it is aborted. By kcat. */
export class ForeignTransaction {
  readonly #brokers: readonly string[]
  readonly #to: readonly string[]
  readonly #process: ChildProcess
  readonly #ended: Promise<unknown>

  constructor(
    brokers: readonly string[],
    { topic, id, key }: { readonly topic: string; readonly id: string; readonly key: string },
  ) {
    const headers = ['-H', 'seq=999999999', '-H', 'type=audit.app.update', '-H', 'created_at=1700000000']
    this.#brokers = brokers
    this.#to = ['-t', topic, '-p', '0', '-X', `transactional.id=${id}`]
    const what = ['-k', key, '-D', delimiter, ...headers, '-X', 'linger.ms=0']
    this.#process = spawn('kcat', ['-b', brokers.join(','), '-P', ...this.#to, ...what], {
      stdio: ['pipe', 'ignore', 'ignore'],
      signal: deadline(longestMs),
      killSignal: 'SIGKILL',
    })
    this.#process.stdin?.on('error', () => {})
    this.#ended = once(this.#process, 'exit').catch(() => undefined)
  }

  /** And a record without sense behind it: kcat sends nothing before the next KiB of its input has come. */
  write(value: Uint8Array): void {
    const filler = Buffer.alloc(2_048, 'x')
    this.#process.stdin?.write(Buffer.concat([value, Buffer.from(delimiter), filler, Buffer.from(delimiter)]))
  }

  /** The next producer of the same id makes the brokers abort what this one has left open. */
  async abort(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
    await kcat(this.#brokers, ['-P', ...this.#to])
  }
}

/** An event as the log has it: its guid, and its bytes. */
export async function someEvent(brokers: readonly string[], topic: string) {
  const [first] = await seenByKcat(brokers, topic)
  if (!first) throw new Error(`${topic} holds no event yet`)
  const one = [...committedOf(topic, first.offset), '-c', '1', '-f', '%s']
  return { guid: first.guid, value: await kcatBytes(brokers, one) }
}

/** The same event under another guid of the same length: it decodes as well as the first. */
export function underGuid(
  { guid, value }: { readonly guid: string; readonly value: Buffer },
  other: string,
): Buffer {
  const at = value.indexOf(guid)
  if (at < 0 || other.length !== guid.length) throw new Error(`${guid} is not in the bytes of its event`)
  return Buffer.concat([value.subarray(0, at), Buffer.from(other), value.subarray(at + guid.length)])
}

/** Written by somebody else, and there for good. */
export async function writeForeign(
  brokers: readonly string[],
  topic: string,
  key: string,
  value: Uint8Array,
): Promise<void> {
  const bytes = Buffer.concat([value, Buffer.from(delimiter)])
  await kcat(brokers, ['-P', '-t', topic, '-p', '0', '-k', key, '-D', delimiter], bytes)
}
