import type { TestContext } from 'node:test'
import { type Clock, systemClock } from '@cf-audit-drain/pipeline'
import { type SyslogSink, type SyslogSinkOptions, syslogSink } from '../sink.ts'
import { Receiver } from './receiver.ts'

export const never = new AbortController().signal

export function sinkTo(
  port: number,
  options: Partial<SyslogSinkOptions> = {},
  clock: Clock = systemClock,
): SyslogSink {
  return syslogSink({ host: '127.0.0.1', port, ...options }, { clock })
}

/** Stopped after the test. */
export async function receiver(
  t: TestContext,
  ...args: Parameters<typeof Receiver.start>
): Promise<Receiver> {
  const started = await Receiver.start(...args)
  t.after(() => started.stop())
  return started
}
