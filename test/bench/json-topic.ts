import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { decodeAuditEvent } from '@cf-audit-drain/event'
import { isInstalled } from '@cf-audit-drain/syslog/testing/rsyslogd'
import { recordedMix } from './fill-log.ts'

/** Why no topic of JSON can be filled here, and how to get what is lacking; null when one can. */
export function jsonTopicMissing(): string | null {
  return isInstalled('kcat') ? null : 'kcat is not installed: apt-get install kcat'
}

/** The events of `fillLog` as JSON, one a record, written by kcat to a topic that it makes. */
export async function fillJsonTopic(brokers: readonly string[], topic: string, count: number): Promise<void> {
  const args = ['-b', brokers.join(','), '-P', '-t', topic, '-z', 'zstd', '-X', 'linger.ms=100']
  const kcat = spawn('kcat', args, { stdio: ['pipe', 'ignore', 'inherit'] })
  const ended = once(kcat, 'exit')
  const entriesFrom = recordedMix()
  for (let made = 0; made < count; ) {
    const entries = entriesFrom(made, count - made)
    await write(kcat, entries.map(({ bytes }) => `${jsonOf(bytes)}\n`).join(''))
    made += entries.length
  }
  kcat.stdin?.end()
  const [code] = await ended
  if (code !== 0) throw new Error(`kcat ended with ${code}`)
}

/** `data` is a text in the event, and an object here. */
function jsonOf(bytes: Uint8Array): string {
  const { data, ...event } = decodeAuditEvent(bytes)
  return JSON.stringify({ ...event, data: JSON.parse(data) as unknown })
}

async function write({ stdin }: ChildProcess, text: string): Promise<void> {
  if (stdin?.write(text) === false) await once(stdin, 'drain')
}
