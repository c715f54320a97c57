import { join } from 'node:path'
import { openEmbeddedLog } from '@cf-audit-drain/log'
import { systemClock } from '@cf-audit-drain/pipeline'
import { Simulator } from '../faults/simulator.ts'
import { Traffic } from '../faults/traffic.ts'
import { until } from '../faults/until.ts'
import { cpuSeconds, rssMiB, startDrain } from './drain.ts'
import { fillLog } from './fill-log.ts'
import { Receiver } from './receiver.ts'

export interface Scale {
  readonly sinkEvents: number
  readonly backfillEvents: number
  readonly latencyRows: number
  readonly idleSeconds: number
  readonly followSeconds: number
  readonly followHours: number
  readonly publishes: number
}

/** Embedded log → CEF over TCP, confirmed, to a counting receiver. */
export async function measureSink(folder: string, { sinkEvents }: Scale) {
  await fillLog(await openEmbeddedLog({ dir: join(folder, 'data'), clock: systemClock }), sinkEvents)
  const simulator = await Simulator.start(folder, [], { witnessed: false })
  const receiver = await Receiver.start(folder)
  const drain = startDrain(folder, simulator, ['--start-from', 'now'], {
    SINK_URL: `syslog://127.0.0.1:${receiver.port}`,
  })
  await until('the receiver has all', () => receiver.count.frames >= sinkEvents, 300_000, 5)
  const { firstMs, lastMs, frames } = receiver.count
  const result = {
    eventsPerSecond: Math.round((1000 * frames) / (lastMs - firstMs)),
    cpuMicrosPerEvent: Math.round((1e7 * cpuSeconds(drain.pid)) / frames) / 10,
    rssMiB: Math.round(rssMiB(drain.pid).highest),
  }
  await drain.stop(10_000)
  await Promise.all([simulator.stop(), receiver.stop()])
  return result
}

/** A first start over 30 days, from ready-made pages, into the log. */
export async function measureBackfill(folder: string, { backfillEvents }: Scale) {
  const simulator = await Simulator.start(folder, ['--events', String(backfillEvents), '--days', '30'], {
    witnessed: false,
  })
  const before = await simulator.requests()
  const startedMs = systemClock.monotonic()
  const drain = startDrain(folder, simulator, ['--until-caught-up'])
  const samples: number[] = []
  let cpu = 0
  while (drain.end === null) {
    samples.push(rssMiB(drain.pid).now)
    cpu = cpuSeconds(drain.pid)
    await systemClock.sleep(200)
  }
  const seconds = (systemClock.monotonic() - startedMs) / 1000
  if (drain.end !== 0) throw new Error(`the backfill ended with ${drain.end}: see ${folder}`)
  const after = await simulator.requests()
  await simulator.stop()
  const half = Math.floor(samples.length / 2)
  return {
    eventsPerSecond: Math.round(backfillEvents / seconds),
    cpuMicrosPerEvent: Math.round((1e7 * cpu) / backfillEvents) / 10,
    rssMiB: Math.round(Math.max(...samples)),
    rssFirstHalfMiB: Math.round(Math.max(...samples.slice(0, half))),
    requests: after.total - before.total,
    rowsReadPerRow: Math.round((1000 * (after.rowsServed - before.rowsServed)) / backfillEvents) / 1000,
  }
}

/** From a row being visible to its bytes at the receiver, beyond the poll interval. */
export async function measureLatency(folder: string, { latencyRows }: Scale) {
  const pollIntervalMs = 1_000
  const simulator = await Simulator.start(folder, [], { witnessed: false })
  const receiver = await Receiver.start(folder, { remember: true })
  const drain = startDrain(folder, simulator, ['--start-from', 'now', '--poll-interval', '1s'], {
    SINK_URL: `syslog://127.0.0.1:${receiver.port}`,
  })
  const visibleMs: number[] = []
  for (let row = 0; row < latencyRows; row++) {
    visibleMs.push(systemClock.now())
    await simulator.insert([{}])
    await until('the row is at the receiver', () => receiver.arrivalsMs.length > row, 20_000, 2)
    // Away from the rhythm of the polls.
    await systemClock.sleep((row * 37) % 300)
  }
  await drain.stop(10_000)
  await Promise.all([simulator.stop(), receiver.stop()])
  // The first one also waits for the start.
  const beyondMs = visibleMs
    .slice(1)
    .map((at, i) => (receiver.arrivalsMs[i + 1] as number) - at - pollIntervalMs)
  beyondMs.sort((a, b) => a - b)
  const percentile = (p: number) =>
    Math.round(beyondMs[Math.min(beyondMs.length - 1, Math.floor(p * beyondMs.length))] as number)
  return { p50Ms: percentile(0.5), p99Ms: percentile(0.99) }
}

/** From the command to the first CEF line at the receiver. */
export async function measureStart(folder: string) {
  const simulator = await Simulator.start(folder, ['--events', '1000', '--days', '2'], { witnessed: false })
  const receiver = await Receiver.start(folder)
  const startedMs = systemClock.now()
  const drain = startDrain(folder, simulator, [], { SINK_URL: `syslog://127.0.0.1:${receiver.port}` })
  await until('the first line is at the receiver', () => receiver.count.frames > 0, 30_000, 2)
  const seconds = Math.round(receiver.count.firstMs - startedMs) / 1000
  await drain.stop(10_000)
  await Promise.all([simulator.stop(), receiver.stop()])
  return { seconds }
}

/** A foundation of 5,000 events a minute, as many for hours before, followed and delivered with all that is on by default. */
export async function measureFollow(folder: string, { followSeconds, followHours }: Scale) {
  const eventsPerMinute = 5_000
  const before = eventsPerMinute * 60 * followHours
  const history = ['--events', String(before), '--days', String(followHours / 24)]
  const simulator = await Simulator.start(folder, history, { witnessed: false })
  const receiver = await Receiver.start(folder)
  const env = { SINK_URL: `syslog://127.0.0.1:${receiver.port}`, TASK_FOLLOW: 'true' }
  const drain = startDrain(folder, simulator, [], env)
  const traffic = new Traffic(simulator, eventsPerMinute / 60)
  traffic.start()
  await until('the history is delivered', () => receiver.count.frames >= before, 600_000)
  await systemClock.sleep(5_000)
  const [usedBefore, startedMs, framesBefore] = [
    cpuSeconds(drain.pid),
    systemClock.monotonic(),
    receiver.count.frames,
  ]
  await systemClock.sleep(followSeconds * 1000)
  const used = cpuSeconds(drain.pid) - usedBefore
  const minutes = (systemClock.monotonic() - startedMs) / 60_000
  const result = {
    eventsPerMinute: Math.round((receiver.count.frames - framesBefore) / minutes),
    coreFraction: Math.round((1_000 * used) / (60 * minutes)) / 1_000,
    rssMiB: Math.round(rssMiB(drain.pid).highest),
  }
  await traffic.stop()
  await drain.stop(10_000)
  await Promise.all([simulator.stop(), receiver.stop()])
  return result
}

/** Poller and sink with nothing to do, at the default interval. */
export async function measureIdle(folder: string, { idleSeconds }: Scale) {
  const simulator = await Simulator.start(folder, ['--events', '1000', '--days', '2'], { witnessed: false })
  const receiver = await Receiver.start(folder)
  const drain = startDrain(folder, simulator, [], { SINK_URL: `syslog://127.0.0.1:${receiver.port}` })
  await until('the history is delivered', () => receiver.count.frames >= 1_000, 60_000)
  await systemClock.sleep(3_000)
  const [before, startedMs] = [cpuSeconds(drain.pid), systemClock.monotonic()]
  await systemClock.sleep(idleSeconds * 1000)
  const used = cpuSeconds(drain.pid) - before
  const coreFraction = Math.round((10_000 * used * 1000) / (systemClock.monotonic() - startedMs)) / 10_000
  await drain.stop(10_000)
  await Promise.all([simulator.stop(), receiver.stop()])
  return { coreFraction }
}
